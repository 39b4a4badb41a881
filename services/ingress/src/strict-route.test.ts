import { defaultLimits } from '@guildhall/proto/sip/limits';
import { wireBytes } from '@guildhall/proto/sip/message';
import { describe, expect, it } from 'vitest';
import { sip } from './sip.stage.js';
import { asLooseRouted, mayBeOwnRoute } from './strict-route.js';
import { message } from './transaction.stage.js';

const own = 'sip:g1.good@hub.example:5061;transport=tls;lr';
const token = { keyId: 'k1', caller: 'acme', callee: 'bolt', usage: 'I' } as const;
const readToken = (text: string) => (text === 'g1.good' ? token : 'forged');
const loosen = (text: string) => wireBytes(asLooseRouted(message(text), readToken, defaultLimits)).toString('latin1');
const same = { callId: 'c@acme.example', branch: 'z9hG4bKa', method: 'BYE', body: 'text' };

describe('what a strict router sends', () => {
  it('is known by its Request-URI', () => {
    for (const uri of ['sip:g1.a@hub.example', 'sips:g1.a@hub.example']) expect(mayBeOwnRoute(message(sip({ uri })))).toBe(true);
    for (const uri of ['sip:g2.a@hub.example', 'sips:gina@hub.example', 'sip:bob@hub.example', 'tel:+491', 'im:g1.a@hub.example']) {
      expect(mayBeOwnRoute(message(sip({ uri }))), uri).toBe(false);
    }
  });

  it.each([
    ['one Route', ['Route: <sip:bob@10.2.2.2;x=y>'], []],
    ['several in one field', ['Route: <sip:p.bolt.example;lr> ,  <sip:bob@10.2.2.2;x=y>'], ['Route: <sip:p.bolt.example;lr> ']],
    [
      'several fields',
      ['Route: <sip:p.bolt.example;lr>', 'X-A: 1', 'Route: <sip:bob@10.2.2.2;x=y>'],
      ['Route: <sip:p.bolt.example;lr>', 'X-A: 1'],
    ],
    ['a display name', ['Route: "a, b" <sip:bob@10.2.2.2;x=y>'], []],
  ])('is read as a loose router would have sent it: %s', (_what, routes, left) => {
    const [start, ...rest] = sip({ ...same, uri: 'sip:bob@10.2.2.2;x=y', headers: left }).split('\r\n');
    const strict = sip({ ...same, uri: own, headers: routes });
    expect(loosen(strict)).toBe([start, `Route: <${own}>`, ...rest].join('\r\n'));
  });

  it.each([
    ['a token that is not the hub’s', sip({ ...same, uri: 'sip:g1.bad@hub.example', headers: ['Route: <sip:bob@10.2.2.2>'] })],
    ['no Route', sip({ ...same, uri: own })],
    ['a Route that cannot be read', sip({ ...same, uri: own, headers: ['Route: <sip:bob@10.2.2.2'] })],
    ['a Route that is no Request-URI', sip({ ...same, uri: own, headers: ['Route: <sip:bob 1@10.2.2.2>'] })],
  ])('is left as it is, to be refused: %s', (_what, text) => {
    expect(loosen(text)).toBe(text);
  });
});
