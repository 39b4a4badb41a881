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
    ['sip:acme.example.', { full: 'acme.example', hashed: 'acme.example', domain: 'acme.example' }],
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

  it('hides whoever stands before an @, however the text is written', () => {
    const piece = fc.constantFrom('eve', '@', '.', '-', '_', ' ', 'a.b', '"', ':', 'x@y', 'é', '<');
    // What stands between two characters that end a name, looked at from each of them: slow, and plain to see.
    const plainly = (text: string): string => {
      const host = /^@([A-Za-z0-9.-]*[A-Za-z0-9])/;
      let told = '';
      let user = '';
      for (let at = 0; at < text.length; ) {
        const found = user === '' ? null : host.exec(text.slice(at));
        const one = text[at] ?? '';
        if (found !== null) {
          const domain = (found[1] ?? '').toLowerCase();
          told += hashedUser(`${user}@${domain}`, hash);
          user = '';
          at += found[0].length;
          continue;
        }
        if (/[\s"'<>()@,;:]/.test(one)) {
          told += user + one;
          user = '';
        } else user += one;
        at += 1;
      }
      return told + user;
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('');
        expect(recordSentence(text, RecordPrivacy.HASHED, hash)).toBe(plainly(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is itself where nobody is named', () => {
    for (const text of ['', 'no rule lets acme call bolt', 'a @ b']) expect(recordSentence(text, RecordPrivacy.HASHED, hash)).toBe(text);
  });
});
