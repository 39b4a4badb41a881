import { ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStage, type Stage, until } from './hub.stage.js';
import type { FakeMember } from './member.stage.js';
import type { Forwarded } from './neighbours.stage.js';
import { sip } from './sip.stage.js';

let stage: Stage;
let acme: FakeMember;

beforeAll(async () => {
  stage = await openStage(process.env);
  acme = await stage.member('acme');
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.relay.forwards.length = 0;
  stage.relay.onForward = (forward) => {
    if (forward.kind === ForwardKind.REQUEST) stage.relay.answer(forward, 200, 'OK');
  };
});

const startLine = (message: string): string => message.split('\r\n', 1)[0] ?? '';
const header = (message: string, name: string): string =>
  message
    .split('\r\n')
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    ?.slice(name.length + 1)
    .trim() ?? '';
const forward = async (kind = ForwardKind.REQUEST): Promise<Forwarded> => {
  await until('the relay has it', () => stage.relay.forwards.some((one) => one.kind === kind));
  const found = stage.relay.forwards.find((one) => one.kind === kind);
  if (found === undefined) throw new Error('gone');
  return found;
};

describe('what an ingress refuses', () => {
  const refusals: readonly [why: string, request: string, status: number, code: string][] = [
    ['a From of another member', sip({ from: '<sip:eve@bolt.example>;tag=1' }), 403, 'from-not-yours'],
    ['a From of nobody', sip({ from: '<sip:eve@evil.example>;tag=1' }), 403, 'from-not-yours'],
    [
      'an asserted identity of another member',
      sip({ headers: ['P-Asserted-Identity: <sip:eve@bolt.example>'] }),
      403,
      'asserted-identity-not-yours',
    ],
    ['a preloaded Route to elsewhere', sip({ headers: ['Route: <sip:third.example;lr>'] }), 403, 'foreign-route'],
    [
      'a forged Route token',
      sip({ headers: ['Route: <sip:g1.k1.acme.bolt.I.AAAAAAAAAAAAAAAAAAAAAA@hub.example;lr>'] }),
      403,
      'bad-route-token',
    ],
    ['no hops left', sip({ maxForwards: 0 }), 483, 'too-many-hops'],
    ['an extension', sip({ headers: ['Proxy-Require: frob'] }), 420, 'extension-required'],
    ['a scheme', sip({ uri: 'http://bolt.example/' }), 416, 'unsupported-scheme'],
    ['a domain of nobody', sip({ uri: 'sip:bob@nobody.test' }), 404, 'unknown-domain'],
    ['a CANCEL of nothing', sip({ method: 'CANCEL' }), 481, 'no-such-transaction'],
    ['a CSeq of another method', sip({ cseq: '1 INVITE' }), 400, 'bad-message'],
  ];
  it.each(refusals)('%s', async (_why, request, status, code) => {
    acme.send(request);
    const answer = await acme.next();
    expect(startLine(answer)).toMatch(new RegExp(`^SIP/2.0 ${status} `));
    expect(header(answer, 'Reason')).toContain(`SIP;cause=${status};text="${code}: `);
    expect(header(answer, 'Warning')).toMatch(new RegExp(`^399 hub.example "${code}: `));
    expect(stage.relay.forwards).toEqual([]);
  });

  it('names what it does not support', async () => {
    acme.send(sip({ headers: ['Proxy-Require: frob, nit'] }));
    expect(header(await acme.next(), 'Unsupported')).toBe('frob, nit');
  });

  it('absorbs the ACK of a refused INVITE', async () => {
    const wishes = { branch: 'z9hG4bKrefused', callId: 'refused@acme.example', from: '<sip:eve@evil.example>;tag=1' };
    acme.send(sip({ ...wishes, method: 'INVITE' }));
    expect(startLine(await acme.next())).toContain('403');
    acme.send(sip({ ...wishes, method: 'ACK' }));
    await until('the transaction is over', async () => (await stage.metric('guildhall_ingress_transactions')) === 0);
    expect(stage.relay.forwards).toEqual([]);
  });

  it('drops an ACK that belongs to nothing', async () => {
    const before = await stage.metric('guildhall_ingress_dropped_total', 'kind="ack"');
    acme.send(sip({ method: 'ACK' }));
    await until('it is counted', async () => (await stage.metric('guildhall_ingress_dropped_total', 'kind="ack"')) === before + 1);
    expect(stage.relay.forwards).toEqual([]);
    expect(acme.rest()).toEqual([]);
  });
});

describe('a request that passes', () => {
  it('goes to the relay byte for byte and its answer comes back', async () => {
    const request = sip({ headers: ['Subject: gr\xfc\xdfe', 'X-Odd:   spaced  '], body: 'hello\r\n' });
    acme.send(request);
    expect(startLine(await acme.next())).toBe('SIP/2.0 200 OK');
    const passed = await forward();
    expect(passed).toMatchObject({ text: request, member: 'bolt', recordRoute: '', kind: ForwardKind.REQUEST });
    expect(passed.source).toBe(`127.0.0.1:${acme.socket.localPort}`);
    expect(passed.wait).toBeGreaterThan(24_000);
    expect(passed.wait).toBeLessThanOrEqual(25_000);
  });

  it('asks policy once however often', async () => {
    acme.send(sip({ method: 'INFO' }));
    await acme.next();
    const asked = stage.policy.asks.length;
    for (let i = 0; i < 50; i += 1) acme.send(sip({ method: 'INFO' }));
    for (let i = 0; i < 50; i += 1) expect(startLine(await acme.next())).toBe('SIP/2.0 200 OK');
    expect(stage.policy.asks.length).toBe(asked);
    expect(stage.relay.forwards.length).toBe(51);
  });

  it('never gets a provisional unless it is an INVITE, and never two finals', async () => {
    stage.relay.onForward = (passed) => {
      stage.relay.answer(passed, 183, 'Progress');
      stage.relay.answer(passed, 200, 'OK');
      stage.relay.answer(passed, 404, 'Late');
      stage.relay.gone(passed, 'no-answer', 'late');
    };
    const strays = await stage.metric('guildhall_ingress_dropped_total', 'kind="stray-outcome"');
    acme.send(sip());
    expect(startLine(await acme.next())).toBe('SIP/2.0 200 OK');
    await until(
      'the rest is dropped',
      async () => (await stage.metric('guildhall_ingress_dropped_total', 'kind="stray-outcome"')) === strays + 3,
    );
    expect(acme.rest()).toEqual([]);
  });

  it('is told why nothing came of it', async () => {
    stage.relay.onForward = (passed) => stage.relay.gone(passed, 'member-unreachable', 'bolt: no proxy of "two" answers');
    acme.send(sip());
    const answer = await acme.next();
    expect(startLine(answer)).toContain('SIP/2.0 500 ');
    expect(header(answer, 'Reason')).toBe('SIP;cause=500;text="member-unreachable: bolt: no proxy of \\"two\\" answers"');
  });

  it('may be an OPTIONS that asks after the hub', async () => {
    acme.send(sip({ method: 'OPTIONS', uri: 'sip:hub.example', from: '<sip:probe@nowhere.test>;tag=1', maxForwards: 0 }));
    expect(startLine(await acme.next())).toBe('SIP/2.0 200 OK');
    acme.send('\r\n\r\n');
    expect(await acme.next()).toBe('CRLF');
    expect(stage.relay.forwards).toEqual([]);
  });
});

describe('an INVITE', () => {
  const dialog = (name: string) => ({ branch: `z9hG4bK${name}`, callId: `${name}@acme.example`, cseq: undefined });

  it('gets 100 at once, its provisionals, every 2xx, and its token routes what follows', async () => {
    stage.relay.onForward = () => undefined;
    const { branch, callId } = dialog('whole');
    acme.send(sip({ method: 'INVITE', branch, callId }));
    expect(startLine(await acme.next())).toBe('SIP/2.0 100 Trying');
    const invite = await forward();
    expect(invite.recordRoute).toMatch(/^<sip:g1\.k1\.acme\.bolt\.I\.[\w-]{22}@hub\.example:\d+;transport=tls;lr>$/);
    expect(invite.wait).toBeGreaterThan(190_000);
    for (const [status, phrase] of [
      [180, 'Ringing'],
      [200, 'OK'],
      [200, 'OK'],
    ] as const)
      stage.relay.answer(invite, status, phrase);
    for (const status of ['180', '200', '200']) expect(startLine(await acme.next())).toContain(`SIP/2.0 ${status}`);

    const route = [`Route: ${invite.recordRoute}`, 'Route: <sip:edge.bolt.example;lr>'];
    stage.relay.forwards.length = 0;
    acme.send(sip({ method: 'ACK', uri: 'sip:bob@10.0.0.7', callId, to: '<sip:bob@bolt.example>;tag=far', headers: route }));
    expect(await forward(ForwardKind.ACK)).toMatchObject({ member: 'bolt', recordRoute: '' });

    // The other side hangs up: same token, other direction, a private Contact as the Request-URI.
    stage.relay.onForward = (passed) => stage.relay.answer(passed, 200, 'OK');
    const bolt = await stage.member('bolt');
    bolt.send(
      sip({
        method: 'BYE',
        uri: 'sip:alice@192.168.1.2',
        from: '<sip:bob@bolt.example>;tag=far',
        to: '<sip:alice@acme.example>;tag=a1',
        callId,
        headers: [`Route: ${invite.recordRoute}`],
      }),
    );
    expect(startLine(await bolt.next())).toBe('SIP/2.0 200 OK');
    expect(await forward()).toMatchObject({ member: 'acme', recordRoute: '' });
    expect(stage.policy.asks.at(-1)).toMatchObject({ peer: 'acme', target: { $case: 'toMember', value: 'bolt' }, method: 'INVITE' });

    const edge = await stage.member('edge');
    edge.send(
      sip({ method: 'BYE', uri: 'sip:alice@192.168.1.2', from: '<sip:x@edge.example>;tag=1', headers: [`Route: ${invite.recordRoute}`] }),
    );
    expect(header(await edge.next(), 'Reason')).toContain('bad-route-token: the Route token belongs to a dialog in which edge has no part');
    bolt.end();
    edge.end();
  });

  it('is cancelled by its own member only', async () => {
    stage.relay.onForward = () => undefined;
    const { branch, callId } = dialog('cancel');
    acme.send(sip({ method: 'INVITE', branch, callId }));
    expect(startLine(await acme.next())).toContain('100');
    const invite = await forward();
    const bolt = await stage.member('bolt');
    bolt.send(sip({ method: 'CANCEL', branch, callId, from: '<sip:bob@bolt.example>;tag=a1' }));
    expect(startLine(await bolt.next())).toContain('481');
    bolt.end();

    const cancel = sip({ method: 'CANCEL', branch, callId });
    acme.send(cancel);
    acme.send(cancel);
    expect(startLine(await acme.next())).toBe('SIP/2.0 200 OK');
    expect(startLine(await acme.next())).toBe('SIP/2.0 200 OK');
    expect(await forward(ForwardKind.CANCEL)).toMatchObject({ transaction: invite.transaction, member: 'bolt', text: cancel });
    stage.relay.answer(invite, 487, 'Request Terminated');
    expect(startLine(await acme.next())).toContain('487');
    acme.send(sip({ method: 'ACK', branch, callId }));
    await until('nothing is kept', async () => (await stage.metric('guildhall_ingress_in_flight')) === 0);
    expect(stage.relay.forwards.filter((one) => one.kind === ForwardKind.CANCEL).length).toBe(1);
    expect(stage.relay.forwards.filter((one) => one.kind === ForwardKind.ACK).length).toBe(0);
  });
});
