import { Fault } from '@guildhall/chassis/fault';
import { describe, expect, it } from 'vitest';
import { lasting, type OpenFeed } from './lasting.js';

const soon = { first: 1, most: 2, away: 8 };
const fault = (code: string) => new Fault(code, `it is ${code}`, { cure: 'none' });

/** A feed that does one of these at each call. */
function played(calls: readonly (readonly (number | 'opened' | Fault)[])[]) {
  let at = 0;
  const open: OpenFeed<number> = async function* (_signal, opened) {
    const call = calls[at] ?? calls.at(-1) ?? [];
    at += 1;
    for (const what of call) {
      if (what === 'opened') opened();
      else if (typeof what === 'number') yield what;
      else throw what;
    }
  };
  return { open, calls: () => at };
}

async function heard(calls: Parameters<typeof played>[0], enough = 99) {
  const ending = new AbortController();
  const [got, told]: [number[], string[]] = [[], []];
  const feed = played(calls);
  const listener = { broke: (why: string) => told.push(why), back: () => told.push('back') };
  const run = async (): Promise<string> => {
    for await (const one of lasting(feed.open, ending.signal, listener, soon)) {
      got.push(one);
      if (got.length >= enough) ending.abort();
    }
    return 'ended';
  };
  const how = await run().catch((thrown: unknown) => thrown);
  return { got, told, how, calls: feed.calls() };
}

describe('a feed is given up', () => {
  it.each(['hub-unreachable', 'hub-failed', 'denied'])('at once when it never was: %s', async (code) => {
    expect(await heard([[fault(code)]])).toMatchObject({ how: { code }, told: [], calls: 1 });
  });

  it('at once when it is refused, be it later', async () => {
    expect(await heard([['opened', fault('not-found')]])).toMatchObject({ how: { code: 'not-found' }, calls: 1 });
    expect(await heard([[1, fault('hub-failed')], [fault('denied')]])).toMatchObject({ got: [1], how: { code: 'denied' }, calls: 2 });
    expect(await heard([['opened', fault('limit')]])).toMatchObject({ how: { code: 'limit' }, calls: 1 });
  });

  it('after a while, with an exit code of its own', async () => {
    const { how, told } = await heard([['opened', fault('hub-failed')], [fault('hub-unreachable')]]);
    expect(how).toMatchObject({ code: 'feed-lost', exitCode: 3, message: expect.stringContaining('it is hub-unreachable') });
    expect(told.slice(0, 2)).toEqual(['it is hub-failed; asking again in 0 s', 'it is hub-unreachable; asking again in 0 s']);
  });

  it('by whoever ends it, also while it is away', async () => {
    const ending = new AbortController();
    const feed = played([['opened', fault('hub-failed')]]);
    const listener = { broke: () => ending.abort(), back: () => undefined };
    for await (const _one of lasting(feed.open, ending.signal, listener, { ...soon, first: 60_000 }));
    expect(feed.calls()).toBe(1);
  });
});

it('goes on when the hub is there again, and says so', async () => {
  const calls = [['opened', 1], ['opened', 2, fault('hub-failed')], [fault('hub-unreachable')], ['opened', 3]] as const;
  const { got, told, how } = await heard(calls, 3);
  expect([got, how]).toEqual([[1, 2, 3], 'ended']);
  expect(told.map((line) => line.split(';')[0])).toEqual([
    'the hub ended the feed',
    'back',
    'it is hub-failed',
    'it is hub-unreachable',
    'back',
  ]);
});
