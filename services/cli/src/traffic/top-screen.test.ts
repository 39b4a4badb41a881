import { describe, expect, it } from 'vitest';
import { type TopContent, topLines } from './top-screen.js';
import { firstState } from './top-state.js';
import { hostile, someFrame, someStatus, someTally } from './traffic.stage.js';

const content = (frame = someFrame(), more: Partial<TopContent> = {}): TopContent => ({
  picture: { sum: frame, seconds: 2 },
  links: someStatus().links,
  trouble: '',
  ...more,
});
const wide = { columns: 200, color: false };
const many = someFrame({
  members: Array.from({ length: 500 }, (_, at) => ({ member: `m${at}`, sent: { ...someTally, requests: BigInt(at) } })),
});

describe('a picture of traffic', () => {
  it('is said to be waited for before the first figures', () => {
    expect(topLines({ picture: undefined, links: [], trouble: '' }, firstState(), wide)).toEqual(['waiting for the first figures', '']);
  });

  it('shows rates, what is refused, times and members, the busiest first', () => {
    expect(topLines(content(), firstState(), wide)).toEqual([
      '2027-01-15 08:00:00Z   3 members   over 2 s',
      'requests 4/s   failed 37.5 %   refused 1/s   p50 0.4 ms   p99 65 ms   in flight 3   connections 3   handshakes refused 0.50/s',
      'most often: 403 denied-by-rule 1/s   404 0.50/s',
      '',
      'MEMBER  SENT/S▼  RECV/S  REFUSED/S  FAILED    P99  OPEN  WAITING  LINKS  CONN   CERT  MOST OFTEN',
      'acme          4       0          1  37.5 %  65 ms     3        4    1/2     2    9 d  403 denied-by-rule',
      'bolt          0       4          0       -  65 ms     0        0    2/2     1  300 d',
      'cade          0       0          0       -      -     0        0    0/1     0      -',
    ]);
  });

  it('shows pairs, and links with trouble first', () => {
    expect(topLines(content(), firstState({ view: 'pairs' }), wide).slice(4)).toEqual([
      'FROM  TO    REQUESTS/S▼  REFUSED/S  FAILED     P50    P99  RETRIES  MOST OFTEN',
      'acme  bolt            4          1  37.5 %  0.4 ms  65 ms        1',
    ]);
    expect(topLines(content(), firstState({ view: 'links' }), wide).slice(4)).toEqual([
      'MEMBER  RELAY    PROXY           STATE▼   WHY',
      'bolt    relay-1  127.0.0.1:6071  backoff  connection refused',
      'acme    relay-1  127.0.0.1:6061  up',
    ]);
  });

  it('says what its figures leave out', () => {
    const lines = topLines(content(someFrame({ sampled: 4, dropped: 3n, lost: 2n, behind: 1n })), firstState(), wide);
    expect(lines).toContain(
      'one record of 4 was looked at, figures are multiplied   3 records dropped by ingress   2 records lost with an instance   1 records not yet looked at',
    );
  });

  it('is filtered by names, and says when nothing fits', () => {
    expect(topLines(content(), firstState({ filter: 'BOL' }), wide).slice(5)).toEqual([expect.stringMatching(/^bolt /)]);
    expect(topLines(content(), firstState({ filter: 'zz' }), wide).at(-1)).toBe('none of 3 has "zz" in its names');
  });

  it.each([
    [80, 24],
    [120, 10],
    [40, 12],
    [20, 5],
    [10, 2],
    [1, 1],
  ])('fits a terminal of %d columns and %d rows', (columns, rows) => {
    for (const view of ['members', 'pairs', 'links'] as const) {
      for (const frame of [many, someFrame()]) {
        const state = { ...firstState({ view }), help: true };
        const lines = topLines(content(frame, { trouble: 'x'.repeat(500) }), state, { columns, rows, color: false });
        expect(lines.length).toBeLessThanOrEqual(rows);
        // A table keeps its names: the terminal cuts what is narrower than those.
        if (columns >= 40) expect(lines.filter((line) => [...line].length > columns)).toEqual([]);
      }
    }
  });

  it('tells in 80 columns what the columns mean, and how to ask', () => {
    const size = { columns: 80, rows: 40, color: false };
    expect(topLines(content(), firstState(), size).at(-1)).toMatch(/^q quit {2}\? help /);
    const help = topLines(content(), { ...firstState(), help: true }, size).join(' ');
    for (const word of ['by whomever', 'of that member', 'escape takes it away']) expect(help).toContain(word);
  });

  it('scrolls no further than its last row', () => {
    const lines = topLines(content(many), { ...firstState(), above: 10_000 }, { columns: 80, rows: 10, color: false });
    expect(lines.at(-2)).toMatch(/^m0 /);
    expect(lines).toHaveLength(10);
  });

  it('shows nobody’s text as it is', () => {
    const frame = someFrame({
      reasons: [{ code: hostile, status: 403, count: 1n }],
      members: [{ member: hostile, reasons: [{ code: hostile, status: 1, count: 1n }] }],
      pairs: [{ from: hostile, to: hostile }],
    });
    const links = [{ member: hostile, relay: hostile, address: hostile, state: hostile, why: hostile }];
    for (const view of ['members', 'pairs', 'links'] as const) {
      const text = topLines({ ...content(frame), links, trouble: hostile }, firstState({ view, filter: '' }), wide).join('');
      expect(text).toContain('evil');
      expect(text).not.toMatch(/\p{C}/u);
    }
  });
});
