import { addressDomain, addressTag } from '@guildhall/proto/sip/address';
import { checkRequest, checkResponse } from '@guildhall/proto/sip/check';
import { Header } from '@guildhall/proto/sip/header-name';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValueEnd, headerValueStart, type Message, parseMessage } from '@guildhall/proto/sip/message';
import { parseVia } from '@guildhall/proto/sip/via';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasToTag } from './dialog-route.js';
import { fromDomain } from './identity.js';
import { domainIn, uriIn } from './story.js';

describe('the domain of a URI in a record', () => {
  it.each([
    ['sip:bob@Bolt.Example', 'bolt.example'],
    ['SIPS:bolt.example', 'bolt.example'],
    ['sip:[2001:db8::1]', '[2001:db8::1]'],
    // As admission and policy write it.
    ['sip:bob@bolt.example.', 'bolt.example'],
    ['sip:bolt.example.', 'bolt.example'],
    // Not a URI whose domain the hub knows how to read: what stands behind an @ may be anybody's name.
    ['tel:+4912', ''],
    ['tel:+49;phone-context=desk@bolt.example', ''],
    ['im:alice@bolt.example;name=alice', ''],
    ['urn:x:a@b', ''],
    ['', ''],
  ])('of %s is %j', (uri, domain) => {
    expect(domainIn(uri)).toBe(domain);
  });
});

const addresses = [
  '<sip:alice@acme.example>;tag=1',
  'sip:bob@bolt.example',
  '"q <x>, \\"y\\"" <sip:c%41@[::1]:5060;x=y>;tag=2',
  '<tel:+49>;tag=x',
  '<sip:a@b',
  '<<sip:a@b>>',
  'J\xc3\xbcrgen <sips:j:secret@dune.example.>',
  'sip:a@b@c',
  `<sip:${'a'.repeat(3_000)}@cliff.example>;tag=${'z'.repeat(300)}`,
  '<sip:x@y>;tag=1;tag=2',
  '',
];
const message = fc
  .record({
    from: fc.constantFrom(...addresses),
    to: fc.constantFrom(...addresses),
    top: fc.constantFrom('MESSAGE sip:bob@bolt.example SIP/2.0', 'MESSAGE sip:a?b SIP/2.0', 'SIP/2.0 200 OK'),
    via: fc.constantFrom('SIP/2.0/TLS a.example;branch=z9hG4bK1', 'SIP/2.0/TLS [::1]:5061;branch=z9hG4bK22;received=::1', 'nothing'),
    toFirst: fc.boolean(),
  })
  .map(({ from, to, top, via, toFirst }) => {
    const named = toFirst ? [`To: ${to}`, `From: ${from}`] : [`From: ${from}`, `To: ${to}`];
    const lines = [top, ...named, `Via: ${via}`, 'Call-ID: c', 'CSeq: 1 MESSAGE', 'Content-Length: 0', '', ''];
    return parseMessage(Buffer.from(lines.join('\r\n'), 'latin1'), defaultLimits);
  });

/** What readers say of a message that share nothing with each other: they are given text. */
function alone(m: Message) {
  const value = (id: number): string => {
    const at = firstHeader(m, id);
    return m.head.slice(headerValueStart(m, at), headerValueEnd(m, at));
  };
  const [from, to] = [value(Header.from), value(Header.to)];
  return { domain: addressDomain(from, 0, from.length), hasTag: addressTag(to, 0, to.length) !== '' };
}

describe('what is read of a message', () => {
  it('is never what another one says, whichever was looked at in between', () => {
    const look = fc.record({ at: fc.nat(3), before: fc.constantFrom('request', 'response', 'via', 'none'), of: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(message, { minLength: 4, maxLength: 4 }), fc.array(look, { minLength: 1, maxLength: 12 }), (all, looks) => {
        for (const { at, before, of } of looks) {
          const [m, other] = [all[at], all[of]];
          if (m === undefined || other === undefined) throw new Error('no message');
          if (before === 'request') checkRequest(other);
          if (before === 'response') checkResponse(other);
          if (before === 'via') {
            const top = firstHeader(other, Header.via);
            if (checkRequest(other) === undefined) parseVia(other, headerValueStart(other, top), headerValueEnd(other, top));
          }
          const { domain, hasTag } = alone(m);
          const from = uriIn(m, Header.from);
          expect([fromDomain(m), hasToTag(m), domainIn(from)]).toEqual([domain, hasTag, domain]);
          expect(m.head).toContain(from);
        }
      }),
    );
  });
});
