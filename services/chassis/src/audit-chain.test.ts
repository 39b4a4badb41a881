import { AuditEntry } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditFact, auditHash, type ChainedEntry, type ChainHead, chainEntry, chainStart, verifyAudit } from './audit-chain.js';

const fact = (subject: string): AuditFact => {
  const { place, before, ...rest } = AuditEntry.fromPartial({ subject, when: '2026-01-01T00:00:00Z', who: 'operator', outcome: 'done' });
  return rest;
};

function chain(subjects: readonly string[]): ChainedEntry[] {
  const entries: ChainedEntry[] = [];
  let head: ChainHead = chainStart;
  for (const subject of subjects) {
    const entry = chainEntry(fact(subject), head);
    entries.push(entry);
    head = { place: head.place + 1, hash: entry.hash };
  }
  return entries;
}

/** The same entry with other words in it, hashed anew: what somebody does who can write to the stream. */
function forged({ entry }: ChainedEntry, change: Partial<AuditEntry>): ChainedEntry {
  const next = { ...entry, ...change };
  const encoded = AuditEntry.encode(next).finish();
  return { entry: next, encoded, hash: auditHash(encoded) };
}

const sound = chain(['member.acme', 'member.bolt', 'rule.no-video', 'community']);
const at = (index: number): ChainedEntry => {
  const found = sound[index];
  if (found === undefined) throw new RangeError(`no entry ${index}`);
  return found;
};

describe('a chain that was tampered with', () => {
  it.each<[string, readonly ChainedEntry[], number, string]>([
    ['one changed', [at(0), forged(at(1), { subject: 'member.eve' }), at(2), at(3)], 3, 'does not carry the hash'],
    [
      'one changed, its old hash kept',
      [at(0), { ...forged(at(1), { subject: 'x' }), hash: at(1).hash }, at(2)],
      2,
      'hash is not that of its bytes',
    ],
    ['one taken out', [at(0), at(2), at(3)], 2, 'entries are missing before it'],
    ['the first taken out', [at(1), at(2)], 1, 'entries are missing before it'],
    ['two swapped', [at(0), at(2), at(1), at(3)], 2, 'entries are missing before it'],
    ['one said twice', [at(0), at(1), at(1), at(2)], 3, 'it says it is at place 2'],
    ['one put in', [at(0), forged(at(0), { place: 2n, subject: 'x' }), at(1)], 2, 'does not carry the hash'],
    ['one that is no entry', [at(0), { ...at(1), encoded: Buffer.from([0x0a, 0xff]) }], 2, 'cannot be read'],
    ['the first with something before it', [forged(at(0), { before: Buffer.alloc(32, 1) })], 1, 'does not carry the hash'],
  ])('is found out: %s', (_what, told, place, problem) => {
    expect(verifyAudit(told)).toMatchObject({ sound: false, place, problem: expect.stringContaining(problem) });
  });

  it('by a head that was noted: its end cut off, or all of it written anew', () => {
    const expected = { place: 4, hash: at(3).hash };
    expect(verifyAudit(sound.slice(0, 3), { expected })).toMatchObject({
      sound: false,
      place: 4,
      problem: expect.stringContaining('cut off'),
    });
    const anew = chain(['member.acme', 'member.bolt', 'rule.no-video', 'something else', 'more']);
    expect(verifyAudit(anew, { expected })).toMatchObject({ sound: false, place: 4, problem: expect.stringContaining('another hash') });
    expect(verifyAudit(sound, { expected })).toMatchObject({ sound: true });
  });

  it('wherever any one byte of any entry is another', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(), fc.integer({ min: 1, max: 255 }), (index, byte, flip) => {
        const told = sound.map((one, place) => {
          if (place !== index) return one;
          const encoded = Buffer.from(one.encoded);
          const where = byte % encoded.length;
          encoded[where] = (encoded[where] ?? 0) ^ flip;
          return { ...one, encoded };
        });
        expect(verifyAudit(told).sound).toBe(false);
      }),
    );
  });
});

describe('a chain', () => {
  it('that is whole is sound, and tells its head', () => {
    expect(verifyAudit(sound)).toEqual({ sound: true, entries: 4, head: { place: 4, hash: Uint8Array.from(at(3).hash) } });
    expect(verifyAudit([])).toEqual({ sound: true, entries: 0, head: chainStart });
  });

  it('can be checked from a place on', () => {
    const after = { place: 2, hash: at(1).hash };
    expect(verifyAudit(sound.slice(2), { after })).toMatchObject({ sound: true, entries: 2 });
    expect(verifyAudit(sound.slice(2), { after: { place: 2, hash: at(0).hash } })).toMatchObject({ sound: false, place: 3 });
  });
});
