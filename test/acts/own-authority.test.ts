import { beforeAll, describe, expect, it } from 'vitest';
import type { Authority, Identity } from '../stage/certificates.js';
import { becomes, exchange, reach } from '../stage/exchange.js';
import { type Member, startMember } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

/** A good certificate of a domain, sent with the authority that issued it. */
function issued(authority: Authority, domain: string): Promise<Identity> {
  return authority.issue({ name: domain, dns: [`sip.${domain}`], uris: [`sip:${domain}`], attachAuthority: true });
}

describe.each(topologies)('a member that brings its own authority, %s', (_, topology) => {
  let own: Authority;
  const { actor, hub, play } = perform({
    topology,
    cast: {
      acme: {},
      bolt: {},
      fern: {
        dials: false,
        identity: async (_community, safe) => {
          own = await safe.authority('fern-own');
          return issued(own, 'fern.example');
        },
      },
    },
    settings: { policy: { reload: '50ms' }, relay: { timeouts: { backoffMost: '200ms' } } },
  });
  let next: Authority;
  beforeAll(async () => {
    next = await play().safe.authority('fern-next');
  });

  /** Says in the community's file which authorities vouch for fern. */
  const vouchedBy = (...authorities: readonly Authority[]) => {
    const ca = authorities.map(({ certFile }) => certFile);
    hub().rewrite({
      ...play().community,
      members: play().community.members.map((one) => (one.id === 'fern' ? { ...one, trust: { ca } } : one)),
    });
  };
  const closed = (reason: string) => hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason });
  const untrusted = () => closed('untrusted-authority');
  /** Dials an ingress with a certificate; gives the line if it stays. */
  const knock = async (identity: Identity, at = 0) => {
    const { authority } = play();
    const guest = await startMember({ id: 'guest', domain: 'fern.example', identity, authority, hubName: hub().domain, dialsOnly: true });
    const line = await guest.dial(hub().ingresses[at]?.port ?? 0);
    const ping = guest.request('OPTIONS', `sip:${hub().domain}`);
    line.say(ping.text);
    const heard = await guest.hearFinalUnless(ping, line.over);
    if (heard !== undefined) return { guest, line };
    await guest.close();
    return undefined;
  };
  /** Whether every ingress lets this certificate in. */
  const welcome = async (identity: Identity) => {
    const seen = [];
    for (const at of hub().ingresses.keys()) {
      const there = await knock(identity, at);
      seen.push(there !== undefined);
      await there?.guest.close();
    }
    return seen;
  };
  const everywhere = (is: boolean) => hub().ingresses.map(() => is);
  /** Comes back on stage as soon as it is let in. */
  const redial = async (member: Member) => {
    await expect.poll(() => welcome(member.identity)).toEqual(everywhere(true));
    await member.dial(hub().ingresses[0]?.port ?? 0);
  };

  it('is not known by it until the community says so; then at once, and its own door is believed too', async () => {
    const before = await untrusted();
    expect(await welcome(actor('fern').identity)).toEqual(everywhere(false));
    expect(await untrusted()).toBe(before + hub().ingresses.length);
    await becomes(actor('acme'), actor('fern'), '500 member-untrusted');

    const lines = [actor('acme').line(), actor('bolt').line()];
    vouchedBy(own);
    await redial(actor('fern'));
    await exchange(actor('fern'), actor('acme'));
    await reach(actor('acme'), actor('fern'));
    expect([actor('acme').line(), actor('bolt').line()]).toEqual(lines);
  });

  it('is vouched for by it, and nobody else is', async () => {
    for (const domain of ['acme.example', 'nobody.example']) {
      const identity = await issued(own, domain);
      const reasons = async () => (await untrusted()) + (await closed('name-of-no-member'));
      const before = await reasons();
      expect(await welcome(identity), domain).toEqual(everywhere(false));
      expect(await reasons()).toBe(before + hub().ingresses.length);
    }
    const both = await own.issue({ name: 'both', uris: ['sip:fern.example', 'sip:acme.example'], attachAuthority: true });
    expect(await welcome(both)).toEqual(everywhere(false));
    await exchange(actor('bolt'), actor('acme'));
  });

  it('changes it: for a while both are good, then the old one’s connections close, and others stay', async () => {
    const renewed = await issued(next, 'fern.example');
    expect(await welcome(renewed)).toEqual(everywhere(false));
    vouchedBy(own, next);
    await expect.poll(() => welcome(renewed)).toEqual(everywhere(true));
    expect(await welcome(actor('fern').identity)).toEqual(everywhere(true));
    const kept = await knock(renewed, hub().ingresses.length - 1);
    await exchange(actor('fern'), actor('acme'));

    const lines = [actor('acme').line(), actor('bolt').line()];
    vouchedBy(next);
    await actor('fern').line().over;
    for (const line of actor('fern').accepted()) await line.over;
    // An ingress to which it had no connection may hear of it later.
    await expect.poll(() => welcome(actor('fern').identity)).toEqual(everywhere(false));
    await becomes(actor('acme'), actor('fern'), '500 member-untrusted');
    const { guest, line } = kept ?? {};
    const ping = guest?.request('OPTIONS', `sip:${hub().domain}`);
    if (guest === undefined || line === undefined || ping === undefined) throw new Error('the next certificate was not let in');
    line.say(ping.text);
    await guest.hearAnswer(ping, 200);
    await guest.close();
    await exchange(actor('acme'), actor('bolt'));
    expect([actor('acme').line(), actor('bolt').line()]).toEqual(lines);
  });
});
