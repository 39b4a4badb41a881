import type { ListPartnersResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { afterAll, describe, expect, it } from 'vitest';
import { asked, openApi } from '../stage/admin.js';
import type { Authority } from '../stage/certificates.js';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { federate, type Ground } from '../stage/federation.js';
import { memberCertificate } from '../stage/identities.js';
import { type Member, startMember } from '../stage/member.js';

const bounds = { requestsPerSecond: 50, contacts: 5, suspectRequestsPerSecond: 1, partners: 6 };

/** Who is no member of anything: its certificate comes from an authority that the hub knows for strangers only. */
async function stranger(ground: Ground, world: Authority, domain: string): Promise<Member> {
  const identity = await memberCertificate(world, domain);
  return startMember({ id: domain, domain, identity, authority: ground.authority, hubName: 'hub.example' });
}

describe('organizations that are met by DNS', () => {
  let world: Authority | undefined;
  const guests: Member[] = [];
  const { actor, ground, play } = federate(['hub'], async ({ dns, safe }) => {
    world = await safe.authority('world');
    return {
      hub: {
        discovery: { trust: { ca: [world.certFile] }, ...bounds },
        settings: {
          policy: { reload: '100ms', dns: { servers: [dns.address], timeout: '300ms', tries: 1, absent: '100ms' } },
          relay: { dns: { servers: [dns.address], timeout: '300ms', tries: 1, absent: '100ms', strangersAnywhere: true } },
        },
        cast: { acme: {} },
      },
    };
  });

  afterAll(async () => {
    for (const guest of guests) await guest.close();
  });

  /** A stranger on stage, and in DNS. */
  const arrive = async (domain: string): Promise<Member> => {
    if (world === undefined) throw new Error('nobody vouches for strangers');
    const guest = await stranger(ground(), world, domain);
    guests.push(guest);
    ground().dns.set('A', `sip.${domain}`, ['127.0.0.1']);
    ground().dns.set('SRV', `_sips._tcp.${domain}`, [{ target: `sip.${domain}`, port: guest.port }]);
    return guest;
  };

  /** Dials until the hub lets it stay. */
  const settle = async (guest: Member): Promise<void> => {
    const port = ground().port('hub');
    for (;;) {
      const line = await guest.dial(port);
      const said = guest.request('OPTIONS', 'sip:hub.example');
      line.say(said.text);
      const final = guest.hearFinal(said, 1_000).catch(() => undefined);
      const first = await Promise.race([final, line.over.then(() => undefined)]);
      if (first !== undefined) return;
    }
  };

  it('a member writes to somebody whom only DNS knows, and the first message arrives', async () => {
    const far = await arrive('far.test');
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:bob@far.test');
    far.answer(await hearRequest(far, said), 200);
    await acme.hearAnswer(said, 200);
    expect(await play('hub').hub.counted('policy', 'guildhall_policy_meetings_total', { result: 'sought' })).toBe(1);
    await exchange(acme, far);
    expect(await play('hub').hub.counted('policy', 'guildhall_policy_meetings_total', { result: 'sought' })).toBe(1);
  });

  it('who is in no DNS stays unknown', async () => {
    const acme = actor('acme');
    for (const uri of ['sip:bob@nowhere.test', 'sip:bob@localhost', 'sip:bob@sub.hub.example']) {
      expect(await refusal(acme, acme.request('MESSAGE', uri)), uri).toBe('404 unknown-domain');
    }
    ground().dns.set('A', 'address.test', ['127.0.0.1']);
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:bob@address.test'))).toBe('404 unknown-domain');
  });

  it('somebody comes by itself: closed at first, let in once DNS has confirmed it, and answered', async () => {
    const near = await arrive('near.test');
    await settle(near);
    expect(
      await play('hub').hub.counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'introduced' }),
    ).toBeGreaterThan(0);
    await exchange(near, actor('acme'));
    await exchange(actor('acme'), near);
    const said = near.request('MESSAGE', 'sip:alice@acme.example', { from: '<sip:x@acme.example>' });
    expect(await refusal(near, said)).toBe('403 from-not-yours');
  });

  it('between two strangers nothing is carried', async () => {
    const [one, other] = [await arrive('one.test'), await arrive('other.test')];
    await settle(one);
    await settle(other);
    expect(await refusal(one, one.request('MESSAGE', 'sip:bob@other.test'))).toBe('403 not-a-partner');
    expect(await refusal(one, one.request('MESSAGE', 'sip:bob@third.test'))).toBe('404 unknown-domain');
    expect(ground().dns.asked('SRV', '_sips._tcp.third.test')).toBe(0);
  });

  it('one that addresses too many users is stopped, and one of which most fails is slowed down and watched', async () => {
    const nosy = await arrive('nosy.test');
    await settle(nosy);
    const acme = actor('acme');
    for (let user = 0; user < bounds.contacts; user += 1) {
      const said = nosy.say('MESSAGE', `sip:u${user}@acme.example`);
      acme.answer(await hearRequest(acme, said), 404);
      await nosy.hearFinal(said);
    }
    expect(await refusal(nosy, nosy.request('MESSAGE', 'sip:another@acme.example'))).toBe('403 partner-contacts');
    // Known ones are still reached.
    const known = nosy.say('MESSAGE', 'sip:U1@acme.example;x=y');
    acme.answer(await hearRequest(acme, known), 404);
    await nosy.hearFinal(known);
    for (;;) {
      const said = nosy.say('MESSAGE', 'sip:u1@acme.example');
      const final = nosy.hearFinal(said);
      const heard = await acme.hearUnless(said, final);
      if (heard !== undefined) acme.answer(heard, 404);
      const { status } = await final;
      if (status === 480) {
        expect(outcome(await final)).toBe('480 partner-rate');
        expect((await final).header('retry-after')).not.toBe('');
        break;
      }
    }
    const { hub } = play('hub');
    expect(await hub.counted('ingress', 'guildhall_partner_suspect', {})).toBe(1);
    expect(await hub.counted('ingress', 'guildhall_partner_held_total', { bound: 'contacts' })).toBe(1);
    const api = openApi(hub);
    const watched = async () => {
      const { partners } = await asked<ListPartnersResponse>((done) => api.admin.listPartners({ after: '', limit: 0 }, done));
      return partners.filter(({ suspect }) => suspect);
    };
    await expect
      .poll(watched)
      .toMatchObject([{ domains: ['nosy.test'], who: expect.stringContaining('discovery'), contacts: bounds.contacts, overContacts: 1n }]);
    expect((await watched())[0]?.overRate).toBeGreaterThan(0n);
    api.close();
  });

  it('there are only so many, and who is no longer wanted stays away', async () => {
    // Five are here: far, near, one, other, nosy.
    await settle(await arrive('sixth.test'));
    const seventh = await arrive('seventh.test');
    expect(await refusal(actor('acme'), actor('acme').request('MESSAGE', 'sip:bob@seventh.test'))).toBe('404 unknown-domain');
    expect(await play('hub').hub.counted('policy', 'guildhall_policy_meetings_total', { result: 'too-many-partners' })).toBeGreaterThan(0);
    expect(seventh.accepted()).toHaveLength(0);
  });

  it('who was met stays, whatever the community’s file says of others', async () => {
    const { hub, community } = play('hub');
    hub.rewrite({ ...community, members: [...community.members, { id: 'crow', domains: ['crow.example'] }] });
    const acme = actor('acme');
    // Crow is there, and not connected.
    for (;;) if ((await refusal(acme, acme.request('MESSAGE', 'sip:bob@crow.example'))) !== '404 unknown-domain') break;
    const far = guests[0];
    if (far === undefined) throw new Error('nobody was met');
    await exchange(acme, far);
    expect(await hub.counted('policy', 'guildhall_policy_meetings_total', { result: 'sought' })).toBe(1);
  });

  it('an authority that discovery does not trust in makes nobody known', async () => {
    const other = await ground().safe.authority('elsewhere');
    const guest = await stranger(ground(), other, 'evil.test');
    guests.push(guest);
    ground().dns.set('SRV', '_sips._tcp.evil.test', [{ target: 'sip.far.test', port: guest.port }]);
    const { hub } = play('hub');
    const before = await hub.counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'introduced' });
    const line = await guest.dial(ground().port('hub'));
    await line.over;
    expect(await hub.counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'introduced' })).toBe(before);
    expect(ground().dns.asked('SRV', '_sips._tcp.evil.test')).toBe(0);
  });
});

describe('discovery is off unless the community wants it', () => {
  const { actor, ground } = federate(['hub'], ({ dns }) => ({
    hub: { settings: { policy: { dns: { servers: [dns.address] } } }, cast: { acme: {} } },
  }));

  it('DNS is not even asked', async () => {
    ground().dns.set('SRV', '_sips._tcp.far.test', [{ target: 'sip.far.test', port: 5061 }]);
    const acme = actor('acme');
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:bob@far.test'))).toBe('404 unknown-domain');
    expect(ground().dns.asked('SRV', '_sips._tcp.far.test')).toBe(0);
  });
});
