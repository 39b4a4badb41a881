import { describe, expect, it } from 'vitest';
import { rows } from './rows.js';
import { remarks } from './table.js';

/** Other tests use the same cores, and would make the hub late: it must not take that for too much traffic. */
const settings = { ingress: { overload: { enabled: false } } };

/** Nothing that hangs on how fast the machine is: counts, not times. */
const slow = /^(traffic was normal again after|a sender heard nothing|p99 from|it was noticed after)|, 4500 ms is the bound$/;

describe('a short run of chaos keeps its promises', () => {
  it.each([
    ['kill-relay', 3],
    ['kill-nats', 3],
    ['kill-ingress-reuse', 3],
    ['member-stopped', 6],
  ])(
    '%s',
    async (name, seconds) => {
      const row = rows.find((one) => one.name === name);
      if (row === undefined) throw new Error(`no row ${name}`);
      const said: string[] = [];
      const options = { rate: 200, calm: 1, seconds, settings };
      const result = await row.run({ options, signal: new AbortController().signal, say: (line) => void said.push(line) });
      const shown = remarks({ row, result, took: 0 }).join('\n');
      expect(
        result.broken.filter((sentence) => !slow.test(sentence)),
        shown,
      ).toEqual([]);
      expect(result.account?.sent, shown).toBeGreaterThan(300);
      // Only what went down with its connection has no answer.
      expect((result.account?.answered ?? 0) + (result.account?.died ?? 0), shown).toBe(result.account?.sent);
    },
    120_000,
  );
});
