import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { Member, type MemberProxy, type Party, type Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { SetMemberStatusRequest, SetMemberTrustRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { EntryBody } from './bucket-entry.js';
import type { Wish } from './change-plan.js';
import { certificatesOf, instantOf, keyOf, revocationListsOf, storedAgreements, storedMember, storedRules } from './edit-entry.js';
import type { Snapshot } from './table.js';

function proxyOf(proxy: MemberProxy): MemberProxy {
  return { ...proxy, port: proxy.port === 0 ? 5061 : proxy.port, weight: proxy.weight === 0 ? 1 : proxy.weight };
}

/** A member as a community file would give it, with its defaults. */
function completed(member: Member): Member {
  return {
    ...member,
    name: member.name === '' ? member.id : member.name,
    role: member.role === '' ? 'member' : member.role,
    status: member.status === '' ? 'active' : member.status,
    statusUntil: instantOf(member.statusUntil),
    dialect: member.dialect === '' ? 'standard' : member.dialect,
    proxies: member.proxies.map(proxyOf),
    anchors: certificatesOf(member.anchors),
    revocationLists: revocationListsOf(member.revocationLists),
    pins: member.pins.map((pin) => pin.toLowerCase()),
  };
}

function put(member: Member, expected?: bigint): Wish {
  const body: EntryBody = { $case: 'member', value: completed(member) };
  const key = keyOf(body);
  return { wanted: new Map([[key, body]]), ...(expected === undefined ? {} : { expected: new Map([[key, expected]]) }) };
}

/** A member as it shall be, new or changed. `expected`: the revision it was made from, 0 for a new one. */
export function putMember(member: Member | undefined, expected: bigint): Wish {
  if (member === undefined) throw new ApiFault('invalid', 'The request has no member.', 'say what the member shall be');
  return put(member, expected);
}

/** Whether a rule names a member. */
function namesMember({ from, to, pair }: Rule, id: string): boolean {
  const names = (party: Party | undefined): boolean =>
    party?.who?.$case === 'members' ? party.who.value.ids.includes(id) : party?.who?.$case === 'member' && party.who.value === id;
  return pair.includes(id) || names(from) || names(to);
}

/**
 * A member gone, with its agreements. Throws an ApiFault `precondition` while a rule names it: without it the rule would mean something
 * else, or nothing.
 */
export function removeMember(snapshot: Snapshot, id: string, expected: bigint): Wish {
  const key = keyOf({ $case: 'member', value: Member.fromPartial({ id }) });
  if (!snapshot.stored.has(key) && expected === 0n) storedMember(snapshot, id);
  const naming = storedRules(snapshot).find(({ rule }) => namesMember(rule, id));
  if (naming !== undefined) {
    const { id: rule } = naming.rule;
    throw new ApiFault(
      'precondition',
      `The rule ${rule} names member ${id}.`,
      `change that rule or take it out first: guildhall rule remove ${rule}`,
    );
  }
  const agreements = storedAgreements(snapshot).filter(({ agreement }) => agreement.first === id || agreement.second === id);
  const wanted = new Map<string, undefined>([
    [key, undefined],
    ...agreements.map(({ entry }): [string, undefined] => [entry.key, undefined]),
  ]);
  return { wanted, expected: new Map([[key, expected]]) };
}

/** Another status. What is active has no reason and no end; `expected` 0: whatever revision it is. `now` is ms since 1970. */
export function setMemberStatus(snapshot: Snapshot, { id, status, reason, until, expected }: SetMemberStatusRequest, now: number): Wish {
  const { member } = storedMember(snapshot, id);
  const active = status === 'active';
  if (active && (reason !== '' || until !== '')) {
    throw new ApiFault(
      'invalid',
      'An active member has no reason and no end of it.',
      'leave them out, or say why the change is made in `why`',
    );
  }
  if (until !== '' && Date.parse(until) <= now) {
    throw new ApiFault('invalid', 'The time at which it becomes active again is past.', 'name a time to come, or make it active');
  }
  const next = { ...member, status, statusReason: active ? '' : reason, statusUntil: active ? '' : until };
  return put(next, expected === 0n ? undefined : expected);
}

/** What a member may change of itself: its proxies, or the domain it is found under, its pins, authorities and their lists. */
export function setMemberTrust(snapshot: Snapshot, request: SetMemberTrustRequest): Wish {
  const { member } = storedMember(snapshot, request.id);
  const { proxies, lookup, pins, anchors, revocationLists } = request;
  return put({ ...member, proxies, lookup, pins, anchors, revocationLists }, request.expected);
}
