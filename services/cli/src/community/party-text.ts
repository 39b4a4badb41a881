import { Fault } from '@guildhall/chassis/fault';
import type { Party } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { terminalText } from '../world.js';

/**
 * Reads whom a rule is about: `any`, `member:acme`, `group:makers`, `domain:acme.example`, `user:ada@acme.example`, `members:acme,bolt` (an
 * empty list is nobody), or in short `acme`, `acme.example`, `ada@acme.example`. Throws a Fault `usage`.
 */
export function readParty(text: string, option: string): Party {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? kindOf(text) : text.slice(0, colon);
  const value = colon < 0 ? text : text.slice(colon + 1);
  switch (kind) {
    case 'any':
      return { who: { $case: 'any', value: true } };
    case 'member':
    case 'group':
    case 'domain':
    case 'user':
      if (value !== '') return { who: { $case: kind, value } };
      break;
    case 'members':
      return { who: { $case: 'members', value: { ids: value.split(',').filter((id) => id !== '') } } };
  }
  throw new Fault('usage', `${option} ${terminalText(text, 80)} names nobody`, {
    cure: 'write any, member:ID, members:ID,ID, group:NAME, domain:DOMAIN or user:NAME@DOMAIN',
    exitCode: 2,
  });
}

function kindOf(text: string): string {
  if (text === 'any') return 'any';
  if (text.includes('@')) return 'user';
  return text.includes('.') ? 'domain' : 'member';
}

/** A party as `readParty` takes it. */
export function partyText(party: Party | undefined): string {
  const who = party?.who;
  if (who === undefined) return 'nobody';
  switch (who.$case) {
    case 'any':
      return 'any';
    case 'members':
      return `members:${who.value.ids.join(',')}`;
    default:
      return `${who.$case}:${who.value}`;
  }
}
