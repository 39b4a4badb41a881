import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller } from '@guildhall/chassis/api/caller';
import { quoted } from '@guildhall/proto/community/quoted';
import type { EntryBody } from './bucket-entry.js';

/** What of the membership is a caller's to see and to change: of a member, its own half. */

/** Throws an ApiFault unless a caller may speak for this member. */
export function ownHalf(caller: Caller, member: string): void {
  if (caller.scope !== 'member' || caller.member === member) return;
  throw new ApiFault(
    'denied',
    `A member sees and changes only its own half, and ${quoted(member)} is not ${caller.member}.`,
    'ask an operator of the hub',
  );
}

/** Whether a caller may see an entry. */
export function seesEntry(caller: Caller, body: EntryBody | undefined): boolean {
  switch (caller.scope) {
    case 'operator':
    case 'dashboard':
      return true;
    case 'nobody':
      return false;
    case 'member':
      if (body?.$case === 'member') return body.value.id === caller.member;
      return body?.$case === 'agreement' && (body.value.first === caller.member || body.value.second === caller.member);
  }
}
