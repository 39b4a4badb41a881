import { describe, expect, it } from 'vitest';
import { exchange, fate, hearRequest, outcome } from '../stage/exchange.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const hour = 3_600_000;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

/** Asks until it becomes something else; gives what that is. */
async function otherThan(sender: Member, receiver: Member, what: string): Promise<string> {
  for (;;) {
    const now = await fate(sender, receiver);
    if (now !== what) return now;
  }
}

describe.each(topologies)('agreements of two members, %s', (_, topology) => {
  const { actor, hub, play } = perform({
    topology,
    model: 'limited-clearinghouse',
    settings: { policy: { reload: '100ms' } },
    cast: {
      acme: {},
      bolt: {},
      crow: {},
      dora: {},
      // Found by DNS, by whoever is told its name.
      echo: { offstage: true, entry: { lookup: 'echo.example' } },
      frog: {},
    },
    agreements: [
      { members: ['acme', 'bolt'], mode: 'redirect' },
      { members: ['acme', 'crow'], mode: 'redirect', validFrom: inMs(hour) },
      { members: ['acme', 'dora'], mode: 'redirect', acceptedBy: ['acme'] },
      { members: ['acme', 'echo'], mode: 'redirect' },
      { members: ['acme', 'frog'], mode: 'redirect' },
    ],
  });

  it('in force, it answers 302 with the partner’s door, until it ends; then the community’s rules are in force again', async () => {
    expect(await fate(actor('acme'), actor('bolt'))).toBe('302 direct-partner');
    expect(await fate(actor('bolt'), actor('acme'))).toBe('302 direct-partner');
    const { community } = play();
    const agreements = (community.agreements ?? []).map((one) =>
      one.members.includes('bolt') ? { ...one, validUntil: inMs(1_000) } : one,
    );
    hub().rewrite({ ...community, agreements });
    expect(await otherThan(actor('acme'), actor('bolt'), '302 direct-partner')).toBe('passed on');
    expect(await fate(actor('bolt'), actor('acme'))).toBe('passed on');
  });

  it('not in force yet, or not accepted by both, it changes nothing', async () => {
    expect(await fate(actor('acme'), actor('crow'))).toBe('passed on');
    expect(await fate(actor('acme'), actor('dora'))).toBe('passed on');
    expect(await fate(actor('dora'), actor('acme'))).toBe('passed on');
  });

  it('a partner that is found by DNS: its name without a port, so that it is looked up', async () => {
    const acme = actor('acme');
    const final = await acme.hearFinal(acme.say('MESSAGE', 'sip:eve@echo.example'));
    expect(outcome(final)).toBe('302 direct-partner');
    expect(final.header('contact')).toContain('<sip:echo.example;transport=tls>');
  });

  it('what is within a call that was relayed stays relayed', async () => {
    const { request } = await exchange(actor('crow'), actor('dora'), { method: 'SUBSCRIBE', headers: ['Event: presence'] });
    expect(request.header('record-route')).not.toBe('');
  });

  it('it loses its member: suspended, its reason is told; gone, its domain is nobody’s', async () => {
    const [acme, frog] = [actor('acme'), actor('frog')];
    expect(await fate(acme, frog)).toBe('302 direct-partner');
    const { community } = play();
    const members = community.members.map((member) => (member.id === 'frog' ? { ...member, status: 'suspended' as const } : member));
    hub().rewrite({ ...community, members });
    expect(await otherThan(acme, frog, '302 direct-partner')).toBe('403 target-not-active');
    const left = {
      ...community,
      members: community.members.filter(({ id }) => id !== 'frog'),
      agreements: (community.agreements ?? []).filter((agreement) => !agreement.members.includes('frog')),
    };
    hub().rewrite(left);
    expect(await otherThan(acme, frog, '403 target-not-active')).toBe('404 unknown-domain');
    // The others do not notice.
    const said = acme.say('MESSAGE', 'sip:bob@crow.example');
    actor('crow').answer(await hearRequest(actor('crow'), said), 200);
    await acme.hearAnswer(said, 200);
  });
});
