import { readCommunity } from '@guildhall/proto/community/file';
import { describe, expect, it } from 'vitest';
import { splitAddress } from './chat.js';
import { readParty } from './send.js';

const { members } = readCommunity(
  JSON.stringify({
    community: { id: 'c' },
    hub: {
      domain: 'hub.example',
      listeners: [{ name: 'm', host: '127.0.0.1' }],
      certificate: { cert: 'c', key: 'k' },
      trust: { ca: ['a'] },
    },
    members: [
      { id: 'acme', domains: ['acme.example'] },
      { id: 'bolt', domains: ['bolt.example', 'bolt.test'] },
    ],
  }),
  'test',
);

describe('a party of the command line', () => {
  it.each(['', 'a b', 'nobody', 'tel:+1', 'sip:', 'a@b@c', '-'])('%j is refused', (text) => {
    expect(() => readParty(text, members)).toThrow(/is neither a member of the community file, a domain nor a SIP URI/);
  });

  it.each([
    ['acme', 'sip:acme@acme.example', 'acme.example', 'acme'],
    ['bolt.test', 'sip:bolt@bolt.test', 'bolt.test', 'bolt'],
    ['Nowhere.Example', 'sip:someone@nowhere.example', 'nowhere.example', undefined],
    ['sip:ada@Acme.Example;transport=tls', 'sip:ada@Acme.Example;transport=tls', 'acme.example', 'acme'],
    ['sip:bolt.example', 'sip:bolt.example', 'bolt.example', 'bolt'],
    ['sips:x@deep.acme.example:5061', 'sips:x@deep.acme.example:5061', 'deep.acme.example', 'acme'],
    ['Ada@acme.example', 'sip:Ada@acme.example', 'acme.example', 'acme'],
    ['sip:x@notacme.example', 'sip:x@notacme.example', 'notacme.example', undefined],
  ])('%j is %s', (text, uri, domain, id) => {
    const party = readParty(text, members);
    expect([party.uri, party.domain, party.member?.id]).toEqual([uri, domain, id]);
  });
});

describe('an address', () => {
  it.each([
    ['127.0.0.1:5061', '127.0.0.1', 5061],
    ['[::1]:5061', '::1', 5061],
    ['hub.example:1', 'hub.example', 1],
    ['5061', '', 5061],
  ])('%s is split at the port', (text, host, port) => {
    expect(splitAddress(text)).toEqual({ host, port });
  });
});
