import { describe, expect, it } from 'vitest';
import { boundedSpan, memberId, oneOf, pastInstant, statusFilter } from './traffic-options.js';

const now = new Date('2027-01-01T00:00:00Z');
const minutes = { least: 60_000, most: 600_000, bounds: '1m to 10m' };

describe('options about traffic', () => {
  it.each(['', '59s', '11m', '5', '-5m', 'm', '5x', '1e3m', '\u001b[2J'])('%j is no span from 1m to 10m', (text) => {
    expect(() => boundedSpan(text, '--for', minutes)).toThrow(/^--for .* is no span of time from 1m to 10m$/);
  });

  it.each(['', 'soon', '2027-02-31', '1969-01-01', '24', '-1h', '9999999999d'])('%j is no time in the past', (text) => {
    expect(() => pastInstant(text, '--since', now)).toThrow(/is no time/);
  });

  it.each(['', 'Acme', 'a_b', 'a.b', '-a', 'a'.repeat(64), 'a\u001b'])('%j is no member', (text) => {
    expect(() => memberId(text, '--member')).toThrow(/is no member id/);
  });

  it.each(['', '0', '7', '99', '4x', '4xxx', '1000', '700'])('%j is no status', (text) => {
    expect(() => statusFilter(text, '--status')).toThrow(/is no SIP status/);
  });

  it('what is none of the words is told with the words', () => {
    expect(() => oneOf('\u001b', '--by', ['member', 'pair'])).toThrow('--by \\u{1b} is none of member, pair');
  });

  it('are read', () => {
    expect(boundedSpan('1.5m', '--for', minutes)).toBe(90_000);
    expect(pastInstant('24h', '--since', now)).toBe(BigInt(Date.parse('2026-12-31T00:00:00Z')));
    expect(pastInstant('2026-12-30', '--since', now)).toBe(BigInt(Date.parse('2026-12-30T00:00:00Z')));
    expect(pastInstant('2026-12-30T10:00:00+02:00', '--since', now)).toBe(BigInt(Date.parse('2026-12-30T08:00:00Z')));
    expect([statusFilter('4', ''), statusFilter('4xx', ''), statusFilter('404', '')]).toEqual([4, 4, 404]);
    expect([memberId('acme-1', ''), oneOf('PAIR', '', ['member', 'pair'])]).toEqual(['acme-1', 'pair']);
  });
});
