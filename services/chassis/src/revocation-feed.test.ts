import { RevocationsPage, RevocationsRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { createRevocationFeed } from './revocation-feed.js';
import type { Revocations } from './revocations.js';

const issuer = Buffer.alloc(32, 1);
const page = (version: bigint, serials: readonly number[], next = 0) =>
  RevocationsPage.encode({ version, lists: [{ issuer, serials: serials.map((serial) => Buffer.from([serial])) }], next }).finish();

/** A feed whose policy answers by this function; `learned` are the numbers of each table, `failures` what was told. */
function stage(answer: (after: number, asked: number) => Uint8Array) {
  const learned: string[][] = [];
  const failures: string[] = [];
  let asked = 0;
  let pauses = 0;
  const feed = createRevocationFeed({
    request: async (question) => {
      asked += 1;
      return answer(RevocationsRequest.decode(question).after, asked);
    },
    pause: async () => {
      pauses += 1;
    },
    learned: (table: Revocations) => learned.push([...table.bySerial.keys()]),
    failed: (error) => {
      failures.push(String(error));
      if (failures.length > 5) feed.close();
    },
  });
  return { feed, learned, failures, asked: () => asked, pauses: () => pauses };
}

describe('the feed of revocations', () => {
  it('knows nothing before it was told', () => {
    expect(stage(() => page(1n, [])).feed.table()).toBeUndefined();
  });

  it('puts pages together, and tells once', async () => {
    const { feed, learned } = stage((after) => (after === 0 ? page(4n, [1, 2], 2) : page(4n, [3])));
    feed.want(0n);
    await feed.known();
    expect(learned).toEqual([['1', '2', '3']]);
    expect(feed.table()?.version).toBe(4n);
  });

  it('begins anew when the lists change while they are told', async () => {
    const { feed, learned, pauses } = stage((after, asked) => (asked === 1 ? page(4n, [1], 1) : page(5n, after === 0 ? [1, 2] : [])));
    feed.want(0n);
    await feed.known();
    expect(learned).toEqual([['1', '2']]);
    expect(pauses()).toBe(1);
  });

  it('waits for the version that was announced, but not for ever', async () => {
    const late = stage((_after, asked) => (asked < 4 ? page(1n, []) : page(9n, [7])));
    late.feed.want(9n);
    await late.feed.known();
    expect(late.learned).toEqual([['7']]);
    const never = stage(() => page(1n, [5]));
    never.feed.want(9n);
    await never.feed.known();
    expect(never.learned).toEqual([['5']]);
  });

  it('keeps what it knows when policy is away, and tells no change where there is none', async () => {
    const { feed, learned, failures } = stage((_after, asked) => {
      if (asked > 2) throw new Error('away');
      return page(BigInt(asked), [6]);
    });
    feed.want(0n);
    await feed.known();
    await Promise.resolve();
    feed.want(2n);
    await expect.poll(() => feed.table()?.version).toBe(2n);
    feed.want(3n);
    await expect.poll(() => failures.length).toBeGreaterThan(5);
    expect(learned).toEqual([['6']]);
    expect([...(feed.table()?.bySerial.keys() ?? [])]).toEqual(['6']);
  });

  it.each<[what: string, answer: (after: number) => Uint8Array]>([
    ['that do not end', (after) => page(1n, [], after === 0 ? 3 : 3)],
    ['that go back', (after) => page(1n, [], after === 0 ? 3 : 1)],
    ['that are none', () => Buffer.from('not a page')],
  ])('does not take pages %s', async (_what, answer) => {
    const { feed, failures } = stage(answer);
    feed.want(0n);
    await expect.poll(() => failures.length).toBeGreaterThan(5);
    expect(feed.table()).toBeUndefined();
  });
});
