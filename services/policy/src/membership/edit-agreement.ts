import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Agreement } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { ProposeAgreementRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { EntryBody, StoredEntry } from './bucket-entry.js';
import type { Wish } from './change-plan.js';
import { instantOf, keyOf, storedMember } from './edit-entry.js';
import type { Snapshot } from './table.js';

function pairOf(one: string, other: string): { first: string; second: string } {
  return one < other ? { first: one, second: other } : { first: other, second: one };
}

const blank = { mode: 'relay', acceptedBy: [], validFrom: '', validUntil: '', proposedBy: '', note: '' };

function agreementKey(one: string, other: string): string {
  return keyOf({ $case: 'agreement', value: { ...blank, ...pairOf(one, other) } });
}

function found(snapshot: Snapshot, one: string, other: string): { agreement: Agreement; entry: StoredEntry } | undefined {
  const entry = snapshot.stored.get(agreementKey(one, other));
  return entry?.body.$case === 'agreement' ? { agreement: entry.body.value, entry } : undefined;
}

function existing(snapshot: Snapshot, one: string, other: string): { agreement: Agreement; entry: StoredEntry } {
  storedMember(snapshot, one);
  const there = found(snapshot, one, other);
  if (there !== undefined) return there;
  throw new ApiFault('not-found', `${one} and ${other} have no agreement.`, 'list the agreements, or propose one');
}

/**
 * One member proposes, and by that accepts for its own side. Its own proposal that is still open is replaced, and so is an agreement that
 * has expired; anything else has to be accepted or ended first. `now` is ms since 1970.
 */
export function proposeAgreement(snapshot: Snapshot, request: ProposeAgreementRequest, now: number): Wish {
  const { from, to, note } = request;
  storedMember(snapshot, from);
  storedMember(snapshot, to);
  if (from === to) throw new ApiFault('invalid', `${from} cannot agree with itself.`, 'name the other member');
  const there = found(snapshot, from, to);
  if (there !== undefined) {
    const { agreement } = there;
    const expired = agreement.validUntil !== '' && now >= Date.parse(agreement.validUntil);
    const both = agreement.acceptedBy.length === 2;
    if (both && !expired) {
      throw new ApiFault('exists', `${from} and ${to} have an agreement already (${agreement.mode}).`, 'end that one first');
    }
    if (!both && !expired && agreement.proposedBy === to) {
      throw new ApiFault(
        'exists',
        `${to} has proposed an agreement already (${agreement.mode}).`,
        'accept it, or end it and propose another',
      );
    }
  }
  const value: Agreement = {
    ...pairOf(from, to),
    mode: request.mode === '' ? 'relay' : request.mode,
    acceptedBy: [from],
    validFrom: instantOf(request.validFrom),
    validUntil: instantOf(request.validUntil),
    proposedBy: from,
    note,
  };
  if (value.validUntil !== '' && Date.parse(value.validUntil) <= now) {
    throw new ApiFault('invalid', 'The agreement would have ended already.', 'give an end that is still to come');
  }
  const body: EntryBody = { $case: 'agreement', value };
  return { wanted: new Map([[keyOf(body), body]]) };
}

/** The other accepts what it has read (`expected`, 0: whatever it is). */
export function acceptAgreement(snapshot: Snapshot, member: string, partner: string, expected: bigint): Wish {
  const { agreement, entry } = existing(snapshot, member, partner);
  if (agreement.acceptedBy.includes(member)) {
    throw new ApiFault(
      'precondition',
      `${member} has accepted it already; ${agreement.acceptedBy.length === 2 ? 'so has' : 'it waits for'} ${partner}.`,
      agreement.acceptedBy.length === 2 ? 'nothing is left to do' : `${partner} has to accept it, with its own token`,
    );
  }
  const acceptedBy = [...agreement.acceptedBy, member].toSorted();
  const body: EntryBody = { $case: 'agreement', value: { ...agreement, acceptedBy } };
  return { wanted: new Map([[entry.key, body]]), ...(expected === 0n ? {} : { expected: new Map([[entry.key, expected]]) }) };
}

/** Either side ends it: an open proposal is taken back or turned down by this too. */
export function endAgreement(snapshot: Snapshot, member: string, partner: string): Wish {
  const { entry } = existing(snapshot, member, partner);
  return { wanted: new Map([[entry.key, undefined]]) };
}
