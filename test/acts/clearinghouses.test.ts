import { describe, expect, it } from 'vitest';
import { exchangeWithin, openCall } from '../stage/call.js';
import { exchange, hearRequest, refusal } from '../stage/exchange.js';
import { federate } from '../stage/federation.js';
import type { Role } from '../stage/play.js';

/** Another hub as a member: found at a fixed address, and trusted by its domain. */
function clearinghouse(domain: string, port: number): Role {
  return {
    offstage: true,
    domains: [domain],
    entry: { role: 'clearinghouse', proxies: [{ host: '127.0.0.1', port, name: domain }] },
  };
}

describe('two clearinghouses that are each other’s default route', () => {
  const { actor, play } = federate(['north', 'south'], ({ port }) => ({
    north: {
      domain: 'north.example',
      defaultRoute: 'south',
      cast: { acme: {}, crow: {}, rival: { entry: { role: 'clearinghouse' } }, south: clearinghouse('south.example', port('south')) },
    },
    south: {
      domain: 'south.example',
      defaultRoute: 'north',
      cast: { bolt: {}, north: clearinghouse('north.example', port('north')) },
    },
  }));

  it('a member of one reaches a member of the other, there and back', async () => {
    for (const [sender, receiver] of [
      ['acme', 'bolt'],
      ['bolt', 'acme'],
    ] as const) {
      const { request } = await exchange(actor(sender), actor(receiver));
      expect(request.headers('via')).toHaveLength(3);
      expect(request.header('max-forwards')).toBe('68');
      expect(request.header('from')).toContain(`@${sender}.example`);
    }
  });

  it('a call through both: what belongs to it finds its way in both directions', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller, callee, heardInvite } = await openCall(acme, bolt);
    expect(heardInvite.headers('record-route')).toHaveLength(2);
    await exchangeWithin(bolt, callee, acme, 'INFO');
    await exchangeWithin(acme, caller, bolt, 'BYE');
  });

  it('what is for nobody is handed on once and comes back as 404, not to and fro', async () => {
    const before = await play('south').hub.counted('relay', 'guildhall_relay_forwards_total', { kind: 'request' });
    const acme = actor('acme');
    for (const uri of ['sip:bob@nobody.test', 'sip:bob@deep.nobody.test']) {
      expect(await refusal(acme, acme.request('MESSAGE', uri))).toBe('404 unknown-domain');
    }
    expect(await play('south').hub.counted('relay', 'guildhall_relay_forwards_total', { kind: 'request' })).toBe(before);
  });

  it('what is no domain, or the hub’s own, is not handed on at all', async () => {
    const before = await play('north').hub.counted('relay', 'guildhall_relay_forwards_total', { kind: 'request' });
    const acme = actor('acme');
    for (const uri of ['sip:bob@north.example', 'tel:+4912345', 'sip:bob@192.0.2.7', 'sip:bob@[2001:db8::1]']) {
      expect(await refusal(acme, acme.request('MESSAGE', uri)), uri).toBe('404 unknown-domain');
    }
    expect(await play('north').hub.counted('relay', 'guildhall_relay_forwards_total', { kind: 'request' })).toBe(before);
  });

  it('a clearinghouse speaks for domains of nobody here, and for no other', async () => {
    const rival = actor('rival');
    const acme = actor('acme');
    await exchange(rival, acme, { from: '<sip:x@elsewhere.test>' });
    for (const from of ['<sip:alice@acme.example>', '<sip:x@sales.crow.example>', '<sip:x@north.example>', '<tel:+4912345>']) {
      expect(await refusal(rival, rival.request('MESSAGE', 'sip:alice@acme.example', { from })), from).toBe('403 from-not-yours');
    }
    const asserted = rival.request('MESSAGE', 'sip:alice@acme.example', {
      from: '<sip:x@elsewhere.test>',
      headers: ['P-Asserted-Identity: <sip:carol@crow.example>'],
    });
    expect(await refusal(rival, asserted)).toBe('403 asserted-identity-not-yours');
  });

  it('a member speaks for itself only, though others may speak for anybody', async () => {
    const crow = actor('crow');
    const said = crow.request('MESSAGE', 'sip:alice@acme.example', { from: '<sip:x@elsewhere.test>' });
    expect(await refusal(crow, said)).toBe('403 from-not-yours');
  });
});

describe('three clearinghouses in a ring', () => {
  const { actor, play } = federate(['one', 'two', 'three'], ({ port }) => ({
    one: {
      domain: 'one.example',
      defaultRoute: 'two',
      cast: {
        acme: {},
        two: clearinghouse('two.example', port('two')),
        three: clearinghouse('three.example', port('three')),
      },
    },
    two: {
      domain: 'two.example',
      defaultRoute: 'three',
      cast: {
        bolt: {},
        three: clearinghouse('three.example', port('three')),
        one: clearinghouse('one.example', port('one')),
      },
    },
    three: {
      domain: 'three.example',
      defaultRoute: 'one',
      cast: {
        crow: {},
        one: clearinghouse('one.example', port('one')),
        two: clearinghouse('two.example', port('two')),
      },
    },
  }));

  const hubs = ['one', 'two', 'three'] as const;
  const forwards = () =>
    Promise.all(hubs.map((hub) => play(hub).hub.counted('relay', 'guildhall_relay_forwards_total', { kind: 'request' })));

  it('a member two hubs away is reached', async () => {
    const { request } = await exchange(actor('acme'), actor('crow'));
    expect(request.headers('via')).toHaveLength(4);
    await exchange(actor('crow'), actor('bolt'));
  });

  it('what is for nobody goes round once and ends as a loop, each hub having passed it on once', async () => {
    const before = await forwards();
    const acme = actor('acme');
    for (const method of ['MESSAGE', 'INVITE', 'SUBSCRIBE']) {
      expect(await refusal(acme, acme.request(method, 'sip:bob@nobody.test'))).toBe('482 loop');
    }
    expect((await forwards()).map((count, at) => count - (before[at] ?? 0))).toEqual([3, 3, 3]);
  });

  it('hops run out on the way: 483', async () => {
    const acme = actor('acme');
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:carol@crow.example', { maxForwards: 2 }))).toBe('483 too-many-hops');
    const said = acme.say('MESSAGE', 'sip:carol@crow.example', { maxForwards: 3 });
    actor('crow').answer(await hearRequest(actor('crow'), said), 200);
    await acme.hearAnswer(said, 200);
  });
});
