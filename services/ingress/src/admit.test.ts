import { TokenKeys } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { downstreamBranch, loopHash } from '@guildhall/proto/sip/branch';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { describe, expect, it } from 'vitest';
import { admit, admitAck, admitCancel, type Hub } from './admit.js';
import { hubNames } from './hub.js';
import { encodeRouteToken, type Usage } from './route-token.js';
import { sip } from './sip.stage.js';
import { createTokenKeyRing } from './token-keys.js';

const ring = createTokenKeyRing();
ring.learn(TokenKeys.encode({ keys: [{ id: 'k1', secret: Buffer.alloc(32, 1) }] }).finish());
const owners = new Map([
  ['acme.example', 'acme'],
  ['acme.test', 'acme'],
  ['bolt.example', 'bolt'],
]);
const listener = { name: 'members', host: '127.0.0.1', port: 5061, advertise: { host: 'Sip.Hub.example', port: 5081 } };
const names = hubNames('hub.example', [{ config: listener, port: 5061 }]);
const hub: Hub = {
  viaHosts: names.viaHosts,
  isHere: names.isHere,
  speaksFor: (member, domain) => owners.get(domain) === member,
  readToken: ring.read,
};

const message = (text: string): Message => parseMessage(Buffer.from(text, 'latin1'), defaultLimits);
const admitted = (text: string, member = 'acme') => admit(message(text), member, hub);
const token = (usage: Usage, caller = 'acme', callee = 'bolt'): string =>
  encodeRouteToken({ keyId: 'k1', caller, callee, usage }, ring.mac) ?? '';
const route = (...uris: string[]) => ({ headers: uris.map((uri) => `Route: <${uri}>`) });
const ours = (usage: Usage, caller?: string, callee?: string) => `sip:${token(usage, caller, callee)}@hub.example:5061;transport=tls;lr`;
const tagged = '<sip:bob@bolt.example>;tag=b';

describe('a request that is refused', () => {
  const refusals: readonly [why: string, text: string, status: number, code: string, sentence: RegExp][] = [
    ['two To', sip({ headers: ['To: <sip:x@y.z>'] }), 400, 'bad-message', /./],
    ['CSeq of another method', sip({ cseq: '1 INVITE' }), 400, 'bad-message', /CSeq/],
    ['a method without end', sip({ method: 'X'.repeat(33) }), 400, 'bad-message', /method/],
    ['an event package without end', sip({ method: 'SUBSCRIBE', headers: [`Event: ${'x'.repeat(65)}`] }), 400, 'bad-message', /event/],
    ['a scheme of the web', sip({ uri: 'http://bolt.example' }), 416, 'unsupported-scheme', /./],
    ['no hops', sip({ maxForwards: 0 }), 483, 'too-many-hops', /./],
    ['no hops for an OPTIONS to a member', sip({ method: 'OPTIONS', maxForwards: 0 }), 483, 'too-many-hops', /./],
    ['an extension', sip({ headers: ['Proxy-Require: a,\tb'] }), 420, 'extension-required', /a/],
    ['another From', sip({ from: 'sip:eve@bolt.example;tag=1' }), 403, 'from-not-yours', /bolt\.example, which is not a domain of acme/],
    ['a From without domain', sip({ from: '<tel:+49301234>;tag=1' }), 403, 'from-not-yours', /no domain/],
    ['a From domain that only ends alike', sip({ from: '<sip:eve@notacme.example>;tag=1' }), 403, 'from-not-yours', /./],
    ['a display name that pretends', sip({ from: '"<sip:a@acme.example>" <sip:eve@evil.example>;tag=1' }), 403, 'from-not-yours', /evil/],
    [
      'another asserted identity',
      sip({ headers: ['P-Asserted-Identity: <sip:eve@bolt.example>'] }),
      403,
      'asserted-identity-not-yours',
      /./,
    ],
    [
      'a second asserted identity',
      sip({ headers: ['p-asserted-identity: "A, B" <sip:a@acme.example>, <sip:e@evil.example>'] }),
      403,
      'asserted-identity-not-yours',
      /evil/,
    ],
    [
      'one in a second field',
      sip({ headers: ['P-Asserted-Identity: <sip:a@acme.example>', 'P-Asserted-Identity: <sip:e@evil.example>'] }),
      403,
      'asserted-identity-not-yours',
      /./,
    ],
    [
      'an asserted number, which proves nothing',
      sip({ headers: ['P-Asserted-Identity: <tel:+4930>'] }),
      403,
      'asserted-identity-not-yours',
      /no domain/,
    ],
    ['a Route elsewhere', sip(route('sip:third.example;lr')), 403, 'foreign-route', /third\.example/],
    [
      'a Route elsewhere behind a bare one of ours',
      sip(route('sip:hub.example;lr', 'sip:third.example;lr')),
      403,
      'foreign-route',
      /third/,
    ],
    ['a Route to another server on our host', sip(route('sip:127.0.0.1:6071;lr')), 403, 'foreign-route', /127/],
    ['a Route by number', sip(route('tel:+49')), 403, 'foreign-route', /./],
    ['a Route of ours in a dialog without token', sip({ ...route('sip:hub.example;lr'), to: tagged }), 403, 'bad-route-token', /no token/],
    ['a Route of ours with a user', sip(route('sip:bob@hub.example;lr')), 403, 'bad-route-token', /no token/],
    ['a forged token', sip(route(ours('I').replace('.acme.', '.cliff.'))), 403, 'bad-route-token', /not made by/],
    [
      'a forged token on a foreign host',
      sip(route(ours('I').replace('.acme.', '.cliff.').replace('hub.example', 'x.test'))),
      403,
      'foreign-route',
      /./,
    ],
    ['a token of an unknown key', sip(route(ours('I').replace('.k1.', '.k2.'))), 403, 'bad-route-token', /key/],
    ['a token of a dialog outside of one', sip(route(ours('I'))), 403, 'bad-route-token', /To has no tag/],
    ['a token of two others', sip(route(ours('I', 'bolt', 'cliff'))), 403, 'bad-route-token', /acme has no part/],
    ['a domain of 300 letters', sip({ uri: `sip:${'a'.repeat(60)}.${'b.'.repeat(120)}example` }), 404, 'unknown-domain', /long/],
  ];
  it.each(refusals)('%s', (_why, text, status, code, sentence) => {
    const admission = admitted(text);
    expect(admission).toMatchObject({ kind: 'refuse', status, code });
    if (admission.kind === 'refuse') expect(admission.sentence).toMatch(sentence);
  });

  it('names the extension it does not have, made printable', () => {
    expect(admitted(sip({ headers: ['Proxy-Require: a"\x80'] }))).toMatchObject({ header: 'Unsupported: a\\x22\\x80' });
  });

  it('names every one of them, from however many fields', () => {
    expect(admitted(sip({ headers: ['Proxy-Require: a, b', 'proxy-require: c'] }))).toMatchObject({ header: 'Unsupported: a, b, c' });
  });

  it('a loop, while a spiral may pass', () => {
    const text = sip();
    const branch = downstreamBranch('epoch', 7, loopHash(message(text)), 0);
    const looped = (host: string) => text.replace('Max-Forwards', `Via: SIP/2.0/TLS ${host};branch=${branch}\r\nMax-Forwards`);
    expect(admitted(looped('hub.example:5061'))).toMatchObject({ kind: 'refuse', code: 'loop', status: 482 });
    expect(admitted(looped('sip.hub.example:5081'))).toMatchObject({ kind: 'refuse', code: 'loop' });
    expect(admitted(looped('hub.other.example:5061'))).toMatchObject({ kind: 'ask' });
    expect(admitted(looped('hub.example:5061').replace('sip:bob@bolt.example SIP', 'sip:bob@acme.test SIP'))).toMatchObject({
      kind: 'ask',
    });
  });
});

describe('an OPTIONS to the hub itself', () => {
  const options = (uri: string) => admitted(sip({ method: 'OPTIONS', uri, from: '<sip:x@anywhere.test>;tag=1', maxForwards: 0 }));
  it.each([
    'sip:hub.example',
    'sips:HUB.example:5061',
    'sip:hub.example:7777',
    'sip:127.0.0.1',
    'sip:sip.hub.example:5081;transport=tls',
    'sip:hub.example;a;a',
    'sip:hub.example;;',
  ])('%s is answered', (uri) => {
    expect(options(uri)).toEqual({ kind: 'answer' });
  });
  it.each(['sip:bob@hub.example', 'sip:127.0.0.1:6061', 'sip:bolt.example'])('%s is not', (uri) => {
    expect(options(uri)).toMatchObject({ kind: 'refuse' });
  });
});

describe('a request that is asked about', () => {
  it('names who, whom and what', () => {
    expect(
      admitted(sip({ from: 'Alice <sips:alice@ACME.example:5061>;tag=1', uri: 'sip:bob@Bolt.Example.:5061;transport=udp' })),
    ).toMatchObject({
      kind: 'ask',
      peer: 'acme',
      fromDomain: 'acme.example',
      toDomain: 'bolt.example',
      toMember: '',
      method: 'MESSAGE',
      event: '',
      target: '',
      usage: '',
      secure: false,
    });
  });

  it.each<[text: string, expected: object]>([
    [sip({ uri: 'tel:+4930;phone-context=x' }), { toDomain: '' }],
    [sip({ uri: 'sips:bob@bolt.example', method: 'INVITE' }), { secure: true, usage: 'I' }],
    [sip({ method: 'INVITE', to: tagged }), { usage: '' }],
    [sip({ method: 'SUBSCRIBE', headers: ['o: Presence.Winfo ;id=3'] }), { event: 'presence.winfo', usage: 'S' }],
    [sip({ method: 'NOTIFY', to: tagged, headers: ['Event: x'] }), { event: 'x', usage: 'N' }],
    [sip({ method: 'MESSAGE', headers: ['Event: x'] }), { event: '' }],
    [sip({ method: 'FROB' }), { method: 'FROB', usage: 'X' }],
    [sip(route('sip:hub.example;lr', 'sip:sip.hub.example:5081;lr')), { toDomain: 'bolt.example', target: '' }],
  ])('%# outside dialogs', (text, expected) => {
    expect(admitted(text)).toMatchObject({ kind: 'ask', ...expected });
  });

  const within = (method: string, member: string, ...uris: string[]) =>
    admitted(
      sip({
        method,
        uri: 'sip:10.0.0.1',
        from: `<sip:x@${member}.example>;tag=1`,
        to: tagged,
        ...route(...uris),
        headers: [...route(...uris).headers, 'Event: presence'],
      }),
      member,
    );
  it.each<[why: string, admission: ReturnType<typeof admitted>, expected: object]>([
    [
      'the caller hangs up',
      within('BYE', 'acme', ours('I')),
      { peer: 'acme', toMember: 'bolt', target: 'bolt', method: 'INVITE', event: '', usage: '' },
    ],
    ['the callee hangs up', within('BYE', 'bolt', ours('I')), { peer: 'acme', toMember: 'bolt', target: 'acme', method: 'INVITE' }],
    [
      'a message of the callee',
      within('MESSAGE', 'bolt', ours('I')),
      { peer: 'bolt', toMember: 'acme', target: 'acme', method: 'MESSAGE' },
    ],
    [
      'a notifier',
      within('NOTIFY', 'bolt', ours('S')),
      { peer: 'acme', toMember: 'bolt', target: 'acme', method: 'SUBSCRIBE', event: 'presence', usage: 'S' },
    ],
    [
      'an answer to REFER',
      within('NOTIFY', 'bolt', ours('R')),
      { peer: 'acme', toMember: 'bolt', target: 'acme', method: 'REFER', event: '', usage: 'R' },
    ],
    ['an unknown usage', within('FROB', 'bolt', ours('X')), { peer: 'bolt', toMember: 'acme', target: 'acme', method: 'FROB', usage: '' }],
    ['through two of our interfaces', within('BYE', 'acme', ours('I'), ours('I')), { target: 'bolt' }],
    ["with the far member's own proxies behind", within('BYE', 'acme', ours('I'), 'sip:edge.bolt.example;lr'), { target: 'bolt' }],
    [
      "through another instance's address",
      within('BYE', 'acme', ours('I').replace('hub.example:5061', '192.0.2.1:5099')),
      { target: 'bolt' },
    ],
    ['from a member to itself', within('BYE', 'acme', ours('I', 'acme', 'acme')), { target: 'acme', toMember: 'acme' }],
  ])('in a dialog: %s', (_why, admission, expected) => {
    expect(admission).toMatchObject({ kind: 'ask', toDomain: '', ...expected });
  });
});

describe('ACK and CANCEL', () => {
  const ack = (wishes: Parameters<typeof sip>[0], member = 'acme') => admitAck(message(sip({ method: 'ACK', ...wishes })), member, hub);
  it('drops an ACK without a dialog, with a foreign From, a foreign dialog or no hops', () => {
    expect(ack({})).toBeUndefined();
    expect(ack({ ...route(ours('I')), from: '<sip:e@evil.example>;tag=1' })).toBeUndefined();
    expect(ack(route(ours('I', 'bolt', 'cliff')))).toBeUndefined();
    expect(ack({ ...route(ours('I')), maxForwards: 0 })).toBeUndefined();
    expect(ack({ ...route(ours('I')), cseq: '1 BYE' })).toBeUndefined();
  });
  it('passes an ACK through its dialog', () => {
    expect(ack(route(ours('I')))).toMatchObject({ target: 'bolt', method: 'INVITE' });
  });
  it('lets nobody cancel under a foreign name', () => {
    const cancel = (from: string) => admitCancel(message(sip({ method: 'CANCEL', from })), 'acme', hub);
    expect(cancel('<sip:e@evil.example>;tag=1')).toMatchObject({ code: 'from-not-yours' });
    expect(cancel('<sip:a@acme.example>;tag=1')).toBeUndefined();
  });
});
