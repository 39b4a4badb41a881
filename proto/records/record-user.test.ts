import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordPrivacy } from '../gen/guildhall/bus/v1/record.js';
import { hashedUser, recordSentence, recordUser } from './record-user.js';

const hash = (user: string): string => `#${user.length}`;
const told = (uri: string) => ({
  full: recordUser(uri, RecordPrivacy.FULL, hash),
  hashed: recordUser(uri, RecordPrivacy.HASHED, hash),
  domain: recordUser(uri, RecordPrivacy.DOMAIN, hash),
});

describe('what a record keeps of a user', () => {
  it.each([
    ['sip:alice@Acme.Example', { full: 'alice@acme.example', hashed: '~#18@acme.example', domain: 'acme.example' }],
    ['sips:alice:secret@acme.example:5061;x=y', { full: 'alice@acme.example', hashed: '~#18@acme.example', domain: 'acme.example' }],
    ['sip:%61lice@acme.example', { full: 'alice@acme.example', hashed: '~#18@acme.example', domain: 'acme.example' }],
    ['sip:acme.example', { full: 'acme.example', hashed: 'acme.example', domain: 'acme.example' }],
    ['tel:+49-30-1234;ext=5', { full: 'tel:+49301234', hashed: '~#13@tel', domain: 'tel' }],
    ['', { full: '', hashed: '', domain: '' }],
    ['urn:service:sos', { full: '', hashed: '', domain: '' }],
  ])('of %s', (uri, expected) => {
    expect(told(uri)).toEqual(expected);
  });

  it('is never the user itself unless that is wanted', () => {
    const user = fc.stringMatching(/^[a-zA-Z0-9._%-]{3,20}$/).map((text) => text.replaceAll('%', 'x'));
    fc.assert(
      fc.property(user, (name) => {
        const { hashed, domain } = told(`sip:${name}@far.invalid`);
        expect(hashed.slice(0, -'@far.invalid'.length)).not.toContain(name);
        expect(domain).toBe('far.invalid');
      }),
    );
  });

  it('is the same hash for what a searcher types', () => {
    expect(hashedUser('alice@acme.example', hash)).toBe(told('sip:alice@acme.example').hashed);
  });
});

describe('what a record keeps of a sentence', () => {
  const sentence = 'rule no-bob: calls to sip:bob@Bolt.Example are refused (see "eve@cliff.example")';
  it.each([
    [RecordPrivacy.FULL, sentence],
    [RecordPrivacy.HASHED, 'rule no-bob: calls to sip:~#16@bolt.example are refused (see "~#17@cliff.example")'],
    [RecordPrivacy.DOMAIN, 'rule no-bob: calls to sip:bolt.example are refused (see "cliff.example")'],
  ])('names users as the rest does (%s)', (privacy, expected) => {
    expect(recordSentence(sentence, privacy, hash)).toBe(expected);
  });

  it('is itself where nobody is named', () => {
    for (const text of ['', 'no rule lets acme call bolt', 'a @ b']) expect(recordSentence(text, RecordPrivacy.HASHED, hash)).toBe(text);
  });
});
