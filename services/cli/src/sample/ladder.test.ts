import { describe, expect, it } from 'vitest';
import { drawLadder, type Rung } from './ladder.js';

const rung = (at: number, member: string, direction: 'in' | 'out', label: string, reason = ''): Rung => ({
  at,
  member,
  direction,
  label,
  reason,
});

describe('a ladder', () => {
  it('shows a refusal with its reason and nothing on the other side', () => {
    const lines = drawLadder(
      'acme',
      'bolt',
      [rung(5, 'acme', 'out', 'MESSAGE'), rung(6.25, 'acme', 'in', '403 Forbidden', 'not yours')],
      false,
    );
    expect(lines).toEqual([
      '          acme                           hub                          bolt',
      '    0.0 ms  │───────── MESSAGE ──────────▶│                             │',
      '    1.3 ms  │◀────── 403 Forbidden ───────│                             │  not yours',
    ]);
  });

  it('is in the order of time, each side with its own arrows', () => {
    const rungs = [
      rung(3, 'bolt', 'out', '200 OK'),
      rung(1, 'acme', 'out', 'MESSAGE'),
      rung(4, 'acme', 'in', '200 OK'),
      rung(2, 'bolt', 'in', 'MESSAGE'),
    ];
    expect(drawLadder('acme', 'bolt', rungs, false).slice(1)).toEqual([
      '    0.0 ms  │───────── MESSAGE ──────────▶│                             │',
      '    1.0 ms  │                             │───────── MESSAGE ──────────▶│',
      '    2.0 ms  │                             │◀────────── 200 OK ──────────│',
      '    3.0 ms  │◀────────── 200 OK ──────────│                             │',
    ]);
  });
});
