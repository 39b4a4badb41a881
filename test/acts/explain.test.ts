import { describe, expect, it } from 'vitest';
import { explain } from '../stage/admin.js';
import { exchange } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('an operator is told what the sender is told, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    model: 'limited-clearinghouse',
    cast: {
      acme: { entry: { groups: ['mills'] } },
      bolt: {},
      dora: { entry: { status: 'suspended', statusReason: 'dues not paid' }, offstage: true },
      echo: {},
    },
    agreements: [{ members: ['acme', 'echo'], mode: 'redirect' }],
    rules: [
      {
        id: 'no-video',
        from: { group: 'mills' },
        to: { any: true },
        methods: ['INVITE'],
        action: 'deny',
        reason: 'no calls "yet", \\ comma',
      },
    ],
  });

  it.each([
    ['INVITE', 'sip:bob@bolt.example', 'denied-by-rule'],
    ['MESSAGE', 'sip:dan@dora.example', 'target-not-active'],
    ['MESSAGE', 'sip:bob@nobody.test', 'unknown-domain'],
    ['MESSAGE', 'sip:eve@echo.example', 'direct-partner'],
  ])('%s to %s: %s', async (method, to, code) => {
    const acme = actor('acme');
    const said = acme.say(method, to);
    const final = await acme.hearFinal(said);
    const told = await explain(hub(), { from: 'sip:alice@acme.example', to, method });
    expect(told.code).toBe(code);
    expect(told.status).toBe(final.status);
    const quoted = `"${code}: ${told.sentence.replace(/["\\]/g, '\\$&')}"`;
    expect(final.header('reason')).toBe(`SIP;cause=${final.status};text=${quoted}`);
    expect(final.header('warning')).toContain(quoted);
    if (method === 'INVITE') acme.forget();
  });

  it('and what gets through', async () => {
    await exchange(actor('acme'), actor('bolt'));
    expect(await explain(hub(), { from: 'acme', to: 'bolt.example' })).toMatchObject({ action: 'forward', status: 0, toMember: 'bolt' });
  });
});
