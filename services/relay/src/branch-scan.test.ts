import { downstreamBranch, readBranch } from '@guildhall/proto/sip/branch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBranchSpans, scanBranch } from './branch-scan.js';

/** The parts of a branch as it stands between other bytes. */
function scanned(branch: string) {
  const spans = createBranchSpans();
  const bytes = Buffer.from(`.${branch}.1`, 'latin1');
  if (!scanBranch(bytes, 1, bytes.length - 2, spans)) return undefined;
  const { transaction, loop, attempt } = spans;
  return { epoch: bytes.toString('latin1', spans.epoch, spans.epochEnd), transaction, loop, attempt };
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

describe('a branch in a buffer', () => {
  it('reads as its text does', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]{1,32}$/), uint32, uint32, fc.nat(40), (epoch, transaction, loop, attempt) => {
        const branch = downstreamBranch(epoch, transaction, loop, attempt);
        expect(scanned(branch)).toEqual({ epoch, transaction, loop, attempt });
      }),
    );
  });

  it('is refused where its text is', () => {
    const piece = fc.oneof(
      fc.constantFrom('z9hG4bK', '.', 'e', '0', '1', 'zz', '1z141z3', '1z141z4', 'A', '-'),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(piece, { maxLength: 8 }), (cookie, pieces) => {
        const branch = Buffer.from(`${cookie ? 'z9hG4bK' : ''}${pieces.join('')}`, 'latin1').toString('latin1');
        expect(scanned(branch)).toEqual(readBranch(branch));
      }),
      { numRuns: 1000 },
    );
  });
});
