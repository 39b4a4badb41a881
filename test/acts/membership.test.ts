import { describe, expect, it } from 'vitest';
import { exchangeWithin, openCall } from '../stage/call.js';
import { exchange, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('who may reach whom, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    model: 'limited-clearinghouse',
    cast: {
      acme: { entry: { groups: ['mills'] } },
      bolt: {},
      crow: { entry: { groups: ['mills'] } },
      dora: { entry: { status: 'suspended', statusReason: 'dues not paid' }, offstage: true },
      echo: {},
    },
    agreements: [
      { members: ['acme', 'echo'], mode: 'redirect' },
      { members: ['bolt', 'echo'], mode: 'relay' },
    ],
    rules: [
      {
        id: 'no-video',
        from: { group: 'mills' },
        to: { member: 'bolt' },
        methods: ['INVITE'],
        action: 'deny',
        reason: 'calls are not agreed yet',
      },
      { id: 'no-dialog-info', from: { any: true }, to: { any: true }, methods: ['SUBSCRIBE'], events: ['dialog'], action: 'deny' },
    ],
  });

  it('a rule denies a group a method, with its reason, and nothing else', async () => {
    const bolt = actor('bolt');
    for (const name of ['acme', 'crow']) {
      const mill = actor(name);
      const invite = mill.request('INVITE', 'sip:bob@bolt.example');
      expect(await refusal(mill, invite)).toBe('403 denied-by-rule');
      await exchange(mill, bolt);
    }
    const said = actor('acme').say('INVITE', 'sip:bob@bolt.example');
    expect((await actor('acme').hearFinal(said)).header('reason')).toContain('calls are not agreed yet');
    await openCall(actor('echo'), bolt);
  });

  it('what belongs to a call that the rules allow is allowed, in both directions', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller, callee } = await openCall(bolt, acme);
    await exchangeWithin(acme, callee, bolt, 'INVITE');
    await acme.hear(100);
    await exchangeWithin(bolt, caller, acme, 'INFO');
    await exchangeWithin(acme, callee, bolt, 'BYE');
  });

  it('a rule denies an event package', async () => {
    const acme = actor('acme');
    for (const event of ['dialog', 'DIALOG', 'dialog;id=1']) {
      const said = acme.request('SUBSCRIBE', 'sip:bob@bolt.example', { headers: [`Event: ${event}`] });
      expect(await refusal(acme, said)).toBe('403 denied-by-rule');
    }
    await exchange(acme, actor('bolt'), { method: 'SUBSCRIBE', headers: ['o: presence'] });
  });

  it('a member that is not active is not reached, and says nothing', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('403 target-not-active');
    expect(final.header('reason')).toContain('dues not paid');
  });

  it('direct partners: 302 to the partner’s door, or through the hub, as they agreed', async () => {
    const acme = actor('acme');
    const echo = actor('echo');
    const said = acme.say('MESSAGE', 'sip:eve@echo.example');
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('302 direct-partner');
    expect(final.header('contact')).toContain(`:${echo.port}`);
    await exchange(actor('bolt'), echo);
    expect(hub().domain).toBe('hub.example');
  });
});
