import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answerer, openAnswerer } from './answerer.js';
import { answererDomain, type Credentials, openCredentials, senderDomain } from './credentials.js';
import type { Goal } from './lanes.js';
import { openNotifier } from './notifier.js';
import { type Pattern, readPatterns } from './patterns.js';
import { numberIn } from './request-template.js';
import { openSender, type Sender } from './sender.js';

let credentials: Credentials;
beforeAll(async () => {
  credentials = await openCredentials();
});
afterAll(() => {
  credentials.close();
});

function patternOf(text: string): Pattern {
  const [pattern] = readPatterns(text);
  if (pattern === undefined) throw new Error('no pattern');
  return pattern;
}

async function connected(goal: Goal, text: string): Promise<Sender> {
  const pattern = patternOf(text);
  return await openSender(goal, credentials.sender, answererDomain, { connections: pattern.connections, pattern });
}

/** One run with what the pattern says of its arrival, over `sender`. */
function run(sender: Sender, text: string, count: number) {
  const { connections, window, rate } = patternOf(text);
  return sender.run({ connections, window, rate, count, patience: 5_000 });
}

describe('the two ends of the load, one at the other', () => {
  it.each([
    ['3x7', 100, 0],
    ['2@2000', 100, 0],
    ['fan-out:5x2:3x7', 100, 0],
    ['calls:3x7', 200, 100],
  ])('%s', async (pattern, requests, acknowledged) => {
    const answerer = await openAnswerer(0, credentials.answerer);
    const sender = await connected({ port: answerer.port, serverName: answererDomain }, pattern);
    try {
      for (const round of [1, 2]) {
        const { ok, stray, lost, troubles, p50 } = await run(sender, pattern, 100);
        expect({ ok, stray, lost, troubles }).toEqual({ ok: 100, stray: 0, lost: 0, troubles: [] });
        expect(p50).toBeGreaterThan(0);
        expect(answerer.got()).toMatchObject({ requests: requests * round, acknowledged: acknowledged * round });
      }
      expect(answerer.got().reads).toBeGreaterThan(0);
    } finally {
      sender.close();
      answerer.close();
    }
  });

  it('presence, both ways', async () => {
    let sender: Sender | undefined;
    let notifier: Awaited<ReturnType<typeof openNotifier>> | undefined;
    const opened: Answerer[] = [];
    try {
      const watcher = await openAnswerer(0, credentials.sender, {
        subscribed: () => {},
        notified: (text, at, end) => sender?.notified(numberIn(text, at, end)),
      });
      const watched = await openAnswerer(0, credentials.answerer, {
        subscribed: (text, at, end) => notifier?.subscribed(text, at, end),
        notified: () => {},
      });
      opened.push(watcher, watched);
      notifier = await openNotifier({ port: watcher.port, serverName: senderDomain }, credentials.answerer, senderDomain, 2);
      sender = await connected({ port: watched.port, serverName: answererDomain }, 'presence:3x7');
      const { ok, stray, troubles } = await run(sender, 'presence:3x7', 100);
      expect({ ok, stray, troubles }).toEqual({ ok: 100, stray: 0, troubles: [] });
      expect([watched.got().requests, watcher.got().requests, notifier.troubles()]).toEqual([100, 100, []]);
    } finally {
      sender?.close();
      notifier?.close();
      for (const one of opened) one.close();
    }
  });

  it('to two ports in turn', async () => {
    const answerers = await Promise.all([openAnswerer(0, credentials.answerer), openAnswerer(0, credentials.answerer)]);
    const [port = 0, ...further] = answerers.map((one) => one.port);
    const sender = await connected({ port, further, serverName: answererDomain }, '2x5');
    try {
      expect(await run(sender, '2x5', 100)).toMatchObject({ ok: 100 });
      expect(answerers.map((one) => one.got().requests > 0)).toEqual([true, true]);
    } finally {
      sender.close();
      for (const one of answerers) one.close();
    }
  });
});
