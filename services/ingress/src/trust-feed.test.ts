import { type TrustMember, TrustPage, TrustRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { trustMember } from './neighbours.stage.js';
import type { TrustTable } from './trust.js';
import { createTrustFeed } from './trust-feed.js';

/** A policy that answers with what stands in `answers`, one after the other. */
const setting = (...answers: (Partial<TrustPage> | Error)[]) => {
  const asked: TrustRequest[] = [];
  const learned: [members: string[], touched: readonly string[] | undefined][] = [];
  const failures: number[] = [];
  let pauses = 0;
  const quiet: () => void = () => undefined;
  const feed = createTrustFeed({
    async request(question) {
      asked.push(TrustRequest.decode(question));
      const answer = answers.shift();
      if (answer === undefined) return new Promise(() => quiet());
      if (answer instanceof Error) throw answer;
      return TrustPage.encode(TrustPage.fromPartial({ version: 1n, ...answer })).finish();
    },
    readAnchors: () => [],
    async pause() {
      pauses += 1;
    },
    learned: (table: TrustTable, touched) => void learned.push([[...table.members.keys()], touched]),
    failed: (_error, count) => failures.push(count),
    brokenAnchors: () => undefined,
  });
  // Nothing here waits for anything but promises that are settled already.
  const rest = () => new Promise((resolve) => setImmediate(resolve));
  return { feed, asked, learned, failures, pauses: () => pauses, rest };
};
const members = (...ids: string[]): TrustMember[] => ids.map((id) => trustMember(id));

describe('the trust feed', () => {
  it('keeps what it has while policy is silent or talks nonsense, and tries on', async () => {
    const { feed, learned, failures, rest } = setting({ members: members('acme') }, new Error('timeout'), new Error('timeout'), {
      version: 2n,
      members: members('bolt'),
    });
    expect(feed.table()).toBeUndefined();
    feed.want(undefined, 0n);
    await rest();
    feed.want(undefined, 0n);
    expect(feed.table()?.members.has('acme')).toBe(true);
    await rest();
    expect(failures).toEqual([1, 2]);
    expect(learned.map(([ids]) => ids)).toEqual([['acme'], ['bolt']]);
  });

  it('refuses pages without end, and pages of different memberships', async () => {
    const { feed, learned, failures, pauses, rest } = setting(
      { members: members('b'), next: 'b' },
      { members: members('b'), next: 'b' },
      { members: members('a'), next: 'a' },
      { version: 2n, members: members('b') },
      { version: 2n, members: members('a'), next: 'a' },
      { version: 2n, members: members('b') },
    );
    feed.want(undefined, 0n);
    await rest();
    expect(learned).toEqual([[['a', 'b'], undefined]]);
    expect([failures.length, pauses()]).toEqual([1, 2]);
  });

  it('waits for a policy that has heard of the change, but not for ever', async () => {
    const { feed, asked, learned, rest } = setting({ version: 4n, members: members('old') }, { version: 5n, members: members('new') });
    feed.want(undefined, 5n);
    await rest();
    expect(learned.map(([ids]) => ids)).toEqual([['new']]);
    const stuck = setting(...Array.from({ length: 30 }, () => ({ version: 4n, members: members('old') })));
    stuck.feed.want(undefined, 9n);
    await rest();
    expect(stuck.learned.length).toBe(1);
    expect(asked.length).toBe(2);
  });

  it('asks for who was touched only, once for several changes', async () => {
    const { feed, asked, learned, rest } = setting(
      { members: members('acme', 'bolt', 'cliff') },
      { version: 2n, members: members('bolt') },
    );
    feed.want(undefined, 0n);
    await rest();
    feed.want(['bolt'], 2n);
    await rest();
    expect(asked.map((one) => one.members)).toEqual([[], ['bolt']]);
    expect(learned.at(-1)).toEqual([['acme', 'cliff', 'bolt'], ['bolt']]);
    feed.want(['acme'], 2n);
    feed.want(['cliff'], 2n);
    feed.want(['bolt'], 2n);
    await rest();
    expect(asked.length).toBe(3);
  });

  it('tells nothing where nothing changed, but everything after a part was told', async () => {
    const same = { members: members('acme', 'bolt') };
    const { feed, learned, rest } = setting(same, same, { members: members('bolt') }, same);
    for (const wanted of [undefined, undefined, ['bolt'], undefined]) {
      feed.want(wanted, 0n);
      await rest();
    }
    expect(learned.map(([, touched]) => touched)).toEqual([undefined, ['bolt'], undefined]);
  });

  it('asks for everybody while it knows nobody', async () => {
    const { feed, asked, learned, rest } = setting({ members: members('acme', 'bolt') });
    feed.want(['bolt'], 0n);
    await rest();
    expect(asked.map((one) => one.members)).toEqual([[]]);
    expect(learned).toEqual([[['acme', 'bolt'], undefined]]);
  });
});
