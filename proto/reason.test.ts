import { describe, expect, it } from 'vitest';
import { isReasonCode, reasons } from './reason.js';

describe('the reason table', () => {
  it('knows its own codes and nothing inherited', () => {
    expect(Object.keys(reasons).every(isReasonCode)).toBe(true);
    for (const text of ['', 'toString', '__proto__', 'constructor', 'FROM-NOT-YOURS']) expect(isReasonCode(text)).toBe(false);
  });

  it('never answers 408, which a proxy may not send to a non-INVITE (RFC 4320)', () => {
    const statuses: number[] = Object.values(reasons).map((reason) => reason.status);
    expect(statuses).not.toContain(408);
  });
});
