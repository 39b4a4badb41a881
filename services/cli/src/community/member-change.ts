import { Fault } from '@guildhall/chassis/fault';
import type { EntryChangeOptions } from '../api/api-options.js';
import { expectedRevision, orderOf, tellChange } from '../api/change-report.js';
import { withHub } from '../api/with-hub.js';
import { instantOf } from '../instant-text.js';
import type { World } from '../world.js';
import { blankMember, changedMember, type MemberOptions, touchesAnything, touchesTrustOnly } from './member-fields.js';
import { memberOrOwn, storedMember } from './member-show.js';

/** `guildhall member add ID`. Resolves to 0. Throws a Fault. */
export async function addMember(id: string, options: MemberOptions, world: World): Promise<number> {
  const member = changedMember({ ...blankMember, id, name: id }, options, world);
  if (member.domains.length === 0) {
    throw new Fault('usage', `${id} needs a domain`, { cure: 'give one or more with --domain acme.example', exitCode: 2 });
  }
  const { report } = await withHub(options, world, (api) => api.membership.putMember({ order: orderOf(options), expected: 0n, member }));
  return tellChange(report, options, world);
}

/** `guildhall member set [ID]`: reads the member, changes it, and writes it unless somebody else was faster. Resolves to 0. Throws a Fault. */
export async function setMember(given: string | undefined, options: MemberOptions, world: World): Promise<number> {
  if (!touchesAnything(options)) {
    throw new Fault('usage', 'there is nothing to change', {
      cure: 'say what with options; guildhall member set --help lists them',
      exitCode: 2,
    });
  }
  const { report } = await withHub(options, world, async (api) => {
    const id = await memberOrOwn(api, given);
    const stored = storedMember(await api.membership.getMember({ id }));
    const order = orderOf(options);
    const expected = expectedRevision(options, stored.revision);
    const member = changedMember(stored.member, options, world);
    // A member may change this much of itself; an operator may do it the same way.
    if (!touchesTrustOnly(options)) return api.membership.putMember({ order, expected, member });
    const { proxies, lookup, pins, anchors, revocationLists } = member;
    return api.membership.setMemberTrust({ order, expected, id, proxies, lookup, pins, anchors, revocationLists });
  });
  return tellChange(report, options, world);
}

/** Words on a status. */
export interface StatusOptions extends EntryChangeOptions {
  readonly reason?: string;
  readonly until?: string;
}

/** `guildhall member suspend|quarantine|activate ID`. Resolves to 0. Throws a Fault. */
export async function setStatus(id: string, status: string, options: StatusOptions, world: World): Promise<number> {
  const until = options.until === undefined ? '' : instantOf(options.until, '--until', world.now());
  const { report } = await withHub(options, world, (api) =>
    api.membership.setMemberStatus({
      order: orderOf(options),
      expected: expectedRevision(options, 0n),
      id,
      status,
      reason: options.reason ?? '',
      until,
    }),
  );
  return tellChange(report, options, world);
}

/** `guildhall member remove ID`: it and its agreements. Resolves to 0. Throws a Fault. */
export async function removeMember(id: string, options: EntryChangeOptions, world: World): Promise<number> {
  const { report } = await withHub(options, world, async (api) => {
    const read = options.revision === undefined ? storedMember(await api.membership.getMember({ id })).revision : 0n;
    return api.membership.removeMember({ order: orderOf(options), expected: expectedRevision(options, read), id });
  });
  return tellChange(report, options, world);
}
