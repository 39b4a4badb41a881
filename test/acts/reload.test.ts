import { describe, expect, it } from 'vitest';
import type { CommunityPart } from '../stage/community.js';
import { exchange, outcome, refusal } from '../stage/exchange.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('the community changes under way, %s', (_, topology) => {
  const { actor, hub, play } = perform({
    topology,
    cast: { acme: {}, bolt: {}, crow: {}, newcomer: { entry: { status: 'pending' }, dials: false } },
    settings: { policy: { reload: '50ms' } },
  });

  it('a member is suspended: its connections close, others’ stay; then it is back', async () => {
    const acme = actor('acme');
    const crow = actor('crow');
    const lines = [acme.line(), actor('bolt').line()];
    await exchange(acme, crow);
    const port = crow.line().remotePort;
    rewrite((member) => (member.id === 'crow' ? { ...member, status: 'suspended', statusReason: 'dues not paid' } : member));
    await crow.line().over;
    await until(acme, 'sip:carol@crow.example', '403 target-not-active');
    const refused = await crow.dial(port);
    await refused.over;
    await exchange(acme, actor('bolt'));
    expect([acme.line(), actor('bolt').line()]).toEqual(lines);

    rewrite((member) => member);
    await redial(crow, port);
    await exchange(crow, acme);
  });

  it('a rule is made: it holds for what is said next', async () => {
    const acme = actor('acme');
    await exchange(acme, actor('bolt'));
    hub().rewrite({ ...play().community, rules: [{ id: 'quiet', from: { member: 'acme' }, to: { member: 'bolt' }, action: 'deny' }] });
    await until(acme, 'sip:bob@bolt.example', '403 denied-by-rule');
    await exchange(actor('crow'), actor('bolt'));
    hub().rewrite(play().community);
    await until(acme, 'sip:bob@bolt.example', '200');
  });

  it('a broken file changes nothing', async () => {
    const acme = actor('acme');
    rewrite((member) => ({ ...member, id: 'acme' }));
    await exchange(acme, actor('bolt'));
    hub().rewrite(play().community);
  });

  it('a member is admitted: it is known and reached', async () => {
    const newcomer = actor('newcomer');
    rewrite((member) => ({ ...member, status: 'active' }));
    await redial(newcomer, hub().ingresses[0]?.port ?? 0);
    await exchange(newcomer, actor('acme'));
    await exchange(actor('acme'), newcomer);
  });

  function rewrite(change: (member: CommunityPart['members'][number]) => CommunityPart['members'][number]): void {
    hub().rewrite({ ...play().community, members: play().community.members.map(change) });
  }

  /** Says MESSAGEs, answered 200 where they arrive, until one ends as expected. */
  async function until(sender: Member, to: string, expected: string): Promise<void> {
    for (let turn = 0; turn < 400; turn++) {
      const said = sender.say('MESSAGE', to);
      const final = sender.hearFinal(said);
      for (const name of ['bolt', 'crow']) {
        if (!to.includes(name)) continue;
        const heard = await actor(name).hearUnless(said, final);
        if (heard !== undefined) actor(name).answer(heard, 200);
      }
      if (outcome(await final) === expected) return;
    }
    expect(await refusal(sender, sender.request('MESSAGE', to))).toBe(expected);
  }

  /** Dials until the hub lets it stay. */
  async function redial(member: Member, port: number): Promise<void> {
    for (;;) {
      const line = await member.dial(port);
      const ping = member.request('OPTIONS', 'sip:hub.example');
      line.say(ping.text);
      if ((await member.hearFinalUnless(ping, line.over)) !== undefined) return;
    }
  }
});
