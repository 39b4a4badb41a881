import { defaultLimits } from '@guildhall/proto/sip/limits';
import { parseMessage } from '@guildhall/proto/sip/message';
import { parseVia } from '@guildhall/proto/sip/via';
import { describe, expect, it } from 'vitest';
import { foreignClaims } from './foreign-claims.js';
import { editedHead, stripVia } from './rewrite.js';

const domains = new Set(['bolt.example', 'bolt.test']);
const ours = 'Via: SIP/2.0/TLS hub.example:5061;branch=z9hG4bKours';
const theirs = 'Via: SIP/2.0/TLS a.example;branch=z9hG4bKa';

/** The lines of an answer that are left, without our Via and what it claims wrongly. */
function left(...fields: string[]): string[] {
  const m = parseMessage(Buffer.from(`SIP/2.0 200 OK\r\n${fields.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, 'latin1'), defaultLimits);
  const start = m.head.indexOf('SIP/2.0/TLS hub');
  const end = m.head.indexOf('\r\n', start);
  const via = parseVia(m, start, end);
  const edited = stripVia(m, via.start, via.next, foreignClaims(m, domains));
  return (edited === undefined ? '' : editedHead(m, edited)).split('\r\n').slice(1, -3);
}

describe('what an answer claims that its member cannot vouch for', () => {
  const asserted: readonly (readonly [value: string, stays: boolean])[] = [
    ['<sip:bob@bolt.example>', true],
    ['"Bob" <sips:bob@BOLT.test>;x=y', true],
    ['sip:bob@sales.bolt.example', true],
    ['<sip:bob@bolt.example>, <sip:b@bolt.test>', true],
    ['"a, <sip:c@crow.example>" <sip:bob@bolt.example>', true],
    ['<sip:carol@crow.example>', false],
    ['<sip:bob@bolt.example>, <sip:carol@crow.example>', false],
    ['"<sip:bob@bolt.example>" <sip:carol@crow.example>', false],
    ['<sip:bob@notbolt.example>', false],
    ['<sip:bob@bolt.example.evil.test>', false],
    ['<sip:bob@example>', false],
    ['<tel:+491234>', false],
    ['nonsense', false],
    ['', false],
  ];
  it.each(asserted)('P-Asserted-Identity: %s, stays: %s', (value, stays) => {
    const line = `p-asserted-IDENTITY: ${value}`;
    for (const fields of [
      [ours, theirs, line, 'X: 1'],
      [line, ours, theirs, 'X: 1'],
      [ours, line, theirs, 'X: 1'],
    ]) {
      expect(left(...fields)).toEqual(fields.filter((field) => field !== ours && (stays || field !== line)));
    }
  });

  it('takes out another edge’s claims, folded, repeated, before and behind our Via', () => {
    const claim = 'ms-edge-proxy-message-trust:\r\n ms-source-type=AuthorizedServer';
    expect(left(claim, ours, claim, theirs, 'X: 1', claim)).toEqual([theirs, 'X: 1']);
    expect(left(claim, `${ours}, SIP/2.0/TLS a.example;branch=z9hG4bKa`, 'P-Asserted-Identity: <sip:c@crow.example>', 'X: 1')).toEqual([
      'Via: SIP/2.0/TLS a.example;branch=z9hG4bKa',
      'X: 1',
    ]);
  });

  it('finds nothing, and makes nothing, where nothing is claimed', () => {
    const m = parseMessage(Buffer.from(`SIP/2.0 200 OK\r\n${ours}\r\n${theirs}\r\nContent-Length: 0\r\n\r\n`), defaultLimits);
    expect(foreignClaims(m, domains)).toBe(foreignClaims(m, new Set()));
  });
});
