import { VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { createMessageReader } from '@guildhall/proto/sip/reader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { badMessage } from './admit.js';
import { messagePath } from './path.stage.js';
import { sip } from './sip.stage.js';

const invite = (name: string, method = 'INVITE') => sip({ method, branch: `z9hG4bK${name}`, callId: name });

describe('a request that goes no further', () => {
  it('while there is no bus, no relay, or the hub goes away: 503, and an ACK is dropped', async () => {
    const { take, wire, said, state, counts } = messagePath();
    const acme = wire('acme');
    state.up = false;
    take(sip(), acme);
    take(sip({ method: 'ACK' }), acme);
    state.up = true;
    state.relays = [];
    take(sip(), acme);
    state.draining = true;
    take(sip({ method: 'INVITE' }), acme);
    expect(said(acme)).toEqual(['503 hub-unavailable', '503 hub-unavailable', '503 hub-draining']);
    expect(counts.acksDropped).toBe(1);
  });

  it('when policy does not answer: 503', async () => {
    const { take, wire, said, asks, transactions } = messagePath();
    const acme = wire('acme');
    take(sip(), acme);
    take(sip(), acme);
    await asks[0]?.fail();
    expect(said(acme)).toEqual(['503 hub-unavailable', '503 hub-unavailable']);
    expect([asks.length, transactions.size()]).toEqual([1, 0]);
  });

  it('when too much waits or is in flight, new dialogs first', async () => {
    const few = messagePath({ verdictWaiting: 2 });
    const acme = few.wire('acme');
    for (let i = 0; i < 3; i += 1) few.take(sip(), acme);
    expect(few.said(acme)).toEqual(['503 hub-overloaded']);

    const { take, wire, said, asks, sent, pass } = messagePath({ inFlight: 10 });
    const bolt = wire('acme');
    take(invite('first'), bolt);
    await asks[0]?.answer({});
    await pass(1);
    const route = `Route: ${sent[0]?.recordRoutes[0]}`;
    for (let i = 0; i < 9; i += 1) take(sip(), bolt);
    take(sip({ method: 'BYE', to: '<sip:b@bolt.example>;tag=1', headers: [route] }), bolt);
    take(sip({ method: 'BYE', to: '<sip:b@bolt.example>;tag=1', headers: [route] }), bolt);
    expect(said(bolt)).toEqual(['100', '503 hub-overloaded', '503 hub-overloaded']);
  });

  it('when policy says no, in the words of policy, or says where else', async () => {
    const { take, wire, said, asks } = messagePath();
    const acme = wire('acme');
    take(sip(), acme);
    await asks[0]?.answer({ action: VerdictAction.REFUSE, code: 'denied-by-rule', sentence: 'rule no-video: not agreed yet' });
    expect(acme.written[0]).toContain('Reason: SIP;cause=403;text="denied-by-rule: rule no-video: not agreed yet"');
    take(sip(), acme);
    expect(said(acme)).toEqual(['403 denied-by-rule', '403 denied-by-rule']);
    take(sip({ method: 'INVITE' }), acme);
    const contacts = ['sip:sip.bolt.example:5061;transport=tls', 'sip:evil\r\nX: y', 'sip:b.bolt.example'];
    await asks[1]?.answer({ action: VerdictAction.REDIRECT, code: 'direct-partner', contacts });
    expect(acme.written[1]).toMatch(
      /^SIP\/2.0 302 .*Contact: <sip:sip.bolt.example:5061;transport=tls>;q=1.0\r\nContact: <sip:b.bolt.example>;q=0.9\r\n/s,
    );
    expect(asks.length).toBe(2);
  });
});

describe('an INVITE on its way', () => {
  it('that is cancelled while it waits for its verdict is 487 and never leaves', async () => {
    const { take, wire, said, asks, sent, pass } = messagePath();
    const acme = wire('acme');
    take(invite('early'), acme);
    take(invite('early', 'CANCEL'), acme);
    await asks[0]?.answer({});
    await pass(1);
    expect(said(acme)).toEqual(['100', '200', '487']);
    expect(sent).toEqual([]);
  });

  it('is one transaction, however often it comes, and its CANCEL follows it once', async () => {
    const { take, wire, said, asks, sent, pass, counts, transactions } = messagePath();
    const [acme, bolt] = [wire('acme'), wire('bolt')];
    take(invite('call'), acme);
    take(invite('call'), acme);
    await asks[0]?.answer({});
    take(invite('call'), acme);
    await pass(1);
    take(invite('call', 'CANCEL').replace('alice@acme', 'bob@bolt'), bolt);
    take(invite('call', 'CANCEL'), acme);
    take(invite('call', 'CANCEL'), acme);
    await pass(2);
    expect([said(acme), said(bolt)]).toEqual([['100', '100', '100', '200', '200'], ['481 no-such-transaction']]);
    expect(sent.flatMap((batch) => batch.kind)).toEqual([ForwardKind.REQUEST, ForwardKind.CANCEL]);
    expect([counts.retransmissions, transactions.inFlight()]).toEqual([2, 1]);
    expect(sent.flatMap((batch) => batch.wait)).toEqual([200_000, 32_000]);
  });

  it('that nobody answers is cancelled and 504 at Timer C', async () => {
    const { take, wire, said, asks, sent, pass } = messagePath();
    const acme = wire('acme');
    take(invite('long'), acme);
    await asks[0]?.answer({});
    await pass(1);
    await pass(200_200);
    await pass(200_201);
    expect(said(acme)).toEqual(['100', '504 no-answer']);
    expect(sent.flatMap((batch) => batch.kind)).toEqual([ForwardKind.REQUEST, ForwardKind.CANCEL]);
    expect(sent[1]?.wire.toString()).toMatch(
      /^CANCEL sip:bob@bolt.example SIP\/2.0\r\nVia: SIP\/2.0\/TLS proxy.acme.example:5061;branch=z9hG4bKlong/,
    );
  });
});

describe('what a dialog is opened with', () => {
  it('gets a Record-Route: the same for the same pair and usage, another for another', async () => {
    const { take, wire, asks, sent, pass } = messagePath();
    const acme = wire('acme');
    const open = async (text: string, fresh: boolean) => {
      take(text, acme);
      if (fresh) await asks.at(-1)?.answer({});
      await pass(1);
      const batch = sent.at(-1);
      return batch?.recordRoutes[(batch.recordRoute[0] ?? 0) - 1] ?? '';
    };
    const [first, again] = [await open(sip({ method: 'INVITE' }), true), await open(sip({ method: 'INVITE' }), false)];
    const secure = await open(sip({ method: 'INVITE', uri: 'sips:bob@bolt.example' }), false);
    const subscribe = await open(sip({ method: 'SUBSCRIBE', headers: ['Event: presence'] }), true);
    expect(again).toBe(first);
    expect([first, secure, subscribe].map((value) => value.replace(/\.[\w-]{22}@/, '@'))).toEqual([
      '<sip:g1.k1.acme.bolt.I@hub.example:5061;transport=tls;lr>',
      '<sips:g1.k1.acme.bolt.I@hub.example:5061;lr>',
      '<sip:g1.k1.acme.bolt.S@hub.example:5061;transport=tls;lr>',
    ]);
    expect(await open(sip(), true)).toBe('');
  });
});

describe('whatever a peer sends', () => {
  it('nothing is thrown, nothing leaves twice, and nothing stays open', async () => {
    const bases = [
      sip({ body: 'hello' }),
      sip({ method: 'INVITE', headers: ['Route: <sip:g1.k1.acme.bolt.I.x@hub.example;lr>', 'P-Asserted-Identity: <sip:a@acme.example>'] }),
      sip({ method: 'ACK', headers: ['Route: <sip:hub.example;lr>'] }),
      sip({ method: 'CANCEL' }),
      sip({ method: 'SUBSCRIBE', headers: ['Event: presence', 'Proxy-Require: x'] }),
      sip({ method: 'OPTIONS', uri: 'sip:hub.example' }),
      invite('x').replace('sip:bob@bolt.example SIP', 'http://x SIP').replace('Via: SIP/2.0/TLS', 'Via: nonsense'),
    ];
    const mutation = fc.record({
      base: fc.nat(bases.length - 1),
      cuts: fc.array(fc.record({ at: fc.nat(600), length: fc.nat(12), text: fc.string({ unit: 'binary', maxLength: 6 }) }), {
        maxLength: 4,
      }),
    });
    const path = messagePath();
    const acme = path.wire('acme');
    await fc.assert(
      fc.asyncProperty(mutation, async ({ base, cuts }) => {
        let text = bases[base] ?? '';
        for (const { at, length, text: put } of cuts) text = text.slice(0, at) + put + text.slice(at + length);
        const reader = createMessageReader(defaultLimits, {
          message: (message) => message.status === 0 && path.requests.take(message, acme),
          refused: (error, message) => void path.answers.refusal(message, acme, badMessage(error)),
          broken: (error, message) => message !== undefined && path.answers.refusal(message, acme, badMessage(error)),
          ping: () => undefined,
          pong: () => undefined,
        });
        reader.feed(Buffer.from(text, 'latin1'));
        for (const { fail } of path.asks.splice(0)) await fail();
        expect(path.requests.waiting()).toBe(0);
        for (const answer of acme.written.splice(0)) expect(answer).toMatch(/^SIP\/2\.0 [1-6]\d\d [^\r\n\0]*\r\n/);
      }),
      { numRuns: 500 },
    );
    expect(path.sent).toEqual([]);
    await path.pass(300_000);
    expect([path.transactions.inFlight(), path.transactions.size()]).toEqual([0, 0]);
  });
});
