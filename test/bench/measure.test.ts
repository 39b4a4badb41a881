import { setTimeout as later } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Candidate, RunningHub } from './candidate.js';
import { answererDomain, type Credentials, openCredentials } from './credentials.js';
import { kamailioPeer } from './kamailio-peer.js';
import { type Measuring, measureCandidate } from './measure.js';
import { readPatterns } from './patterns.js';
import { processesBelow } from './usage.js';

let credentials: Credentials;
beforeAll(async () => {
  credentials = await openCredentials();
});
afterAll(() => credentials.close());

/** Programs start in these tests, on machines of any speed; ms. */
const patience = 90_000;

/** The load's two ends at each other as one hub after another, of which those with these numbers die at the first run. */
function hubs(dying: readonly number[], more: Partial<Candidate> = {}): Candidate & { readonly started: number[] } {
  const started: number[] = [];
  return {
    ...{ name: 'a hub', started, ...more },
    start({ sink, connections }): Promise<RunningHub> {
      const number = started.push(connections);
      return Promise.resolve({
        ...{ port: sink, serverName: answererDomain, pid: 0, how: `number ${number}` },
        died: () => dying.includes(number),
        output: () => 'CRITICAL',
        stop: () => Promise.resolve(),
      });
    },
  };
}

function measuring(patterns: string, change: Partial<Measuring> = {}): Measuring & { readonly losses: string[] } {
  const losses: string[] = [];
  return {
    ...{ credentials, patterns: readPatterns(patterns), count: 20, round: 1, losses, around: undefined },
    signal: new AbortController().signal,
    say: () => {},
    lost: (pattern, why) => losses.push(`${pattern.name}: ${why}`),
    ...change,
  };
}

describe('a hub that dies', () => {
  it('ends everything where nobody takes it', { timeout: patience }, async () => {
    await expect(measureCandidate(hubs([1]), measuring('2x2', { lost: undefined }))).rejects.toThrow(
      'it died; the last words of a hub: CRITICAL',
    );
  });

  it('is no loss of a pattern when the bench is ended', { timeout: patience }, async () => {
    const around = measuring('2x2', { signal: AbortSignal.abort(new Error('enough')) });
    await expect(measureCandidate(hubs([1]), around)).rejects.toThrow('enough');
    expect(around.losses).toEqual([]);
  });

  it.each([
    ['under the first pattern', [1], ['2x2'], ['2x3 number 2', '2x4 number 2']],
    ['under every pattern', [1, 2, 3], ['2x2', '2x3', '2x4'], []],
    ['under none', [], [], ['2x2 number 1', '2x3 number 1', '2x4 number 1']],
  ])('costs the figures of a pattern and no others: %s', { timeout: patience }, async (_, dying, lost, lived) => {
    const around = measuring('2x2,2x3,2x4');
    const rows = await measureCandidate(hubs(dying), around);
    expect(rows.map(({ pattern, how, failed }) => `${pattern} ${how}${failed > 0 ? ' failed' : ''}`)).toEqual(lived);
    expect(around.losses).toEqual(lost.map((pattern) => `${pattern}: it died; the last words of a hub: CRITICAL`));
  });

  it('does not start again for another pattern either', { timeout: patience }, async () => {
    const around = measuring('2x2,2x3');
    const refusing = { name: 'a hub', start: () => Promise.reject(new Error('no such file')) };
    expect(await measureCandidate(refusing, around)).toEqual([]);
    expect(around.losses).toEqual(['2x2: no such file', '2x3: no such file']);
  });
});

it('starts a hub for all patterns together, but for those that are to be apart', { timeout: patience }, async () => {
  const together = hubs([]);
  await measureCandidate(together, measuring('2x2,4x1,3x1'));
  expect(together.started).toEqual([4]);
  const apart = hubs([], { apart: ({ connections }) => String(connections > 2) });
  const rows = await measureCandidate(apart, measuring('2x2,4x1,3x1,1x1'));
  expect(apart.started).toEqual([2, 4]);
  expect(rows.map(({ pattern, how }) => `${pattern} ${how}`)).toEqual(['2x2 number 1', '1x1 number 1', '4x1 number 2', '3x1 number 2']);
});

describe('Kamailio where there is one', () => {
  it.each([
    ['kamailio', undefined],
    ['kamailio-stateless', undefined],
    ['kamailio-packaged', 'one TCP worker'],
    ['kamailio-packaged-stateless', 'one TCP worker'],
  ] as const)('%s passes messages on, over many connections with %s', { timeout: patience }, async (name, how) => {
    const peer = await kamailioPeer(name);
    if (peer === undefined) return;
    const around = measuring('2x2,9x2');
    const rows = await measureCandidate(peer, around);
    expect(around.losses).toEqual([]);
    expect(rows).toMatchObject([
      { hub: name, pattern: '2x2', failed: 0, troubles: [] },
      { hub: name, pattern: '9x2', failed: 0, troubles: [] },
    ]);
    expect(rows.map((row) => row.how)).toEqual([undefined, how]);
  });

  it('is known to have died when one of its processes has', { timeout: patience }, async () => {
    const peer = await kamailioPeer('kamailio-packaged');
    if (peer === undefined) return;
    const around = measuring('2x2', {
      async around(hub, _, run) {
        const result = await run();
        const [, child] = processesBelow(hub.pid);
        if (child === undefined) throw new Error('Kamailio has no children');
        process.kill(child, 'SIGKILL');
        while (processesBelow(hub.pid).includes(child)) await later(20);
        return result;
      },
    });
    expect(await measureCandidate(peer, around)).toEqual([]);
    expect(around.losses).toEqual([expect.stringContaining('it died; the last words of kamailio-packaged: ')]);
  });
});
