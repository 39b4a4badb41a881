import { Agreement } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { describe, expect, it } from 'vitest';
import { agreementState } from './agreement-state.js';

const both = ['acme', 'bolt'];
const noon = '2026-06-01T12:00:00.000Z';
const at = (now: string) => Date.parse(now);

describe('an agreement is', () => {
  it.each<[string, Partial<Agreement>, string, string, readonly string[]]>([
    ['proposed', { acceptedBy: [] }, 'limited-clearinghouse', noon, both],
    ['proposed', { acceptedBy: ['acme'], validUntil: '2020-01-01T00:00:00Z' }, 'limited-clearinghouse', noon, both],
    ['proposed', { acceptedBy: ['acme', 'acme'] }, 'limited-clearinghouse', noon, both],
    ['expired', { acceptedBy: both, validUntil: noon }, 'limited-clearinghouse', noon, both],
    ['expired', { acceptedBy: both, validUntil: noon }, 'clearinghouse', noon, both],
    ['idle', { acceptedBy: both }, 'clearinghouse', noon, both],
    ['idle', { acceptedBy: both }, 'direct', noon, both],
    ['not yet', { acceptedBy: both, validFrom: '2026-06-01T12:00:00.001Z' }, 'limited-clearinghouse', noon, both],
    ['accepted', { acceptedBy: both }, 'limited-clearinghouse', noon, ['acme']],
    ['in force', { acceptedBy: both, validFrom: noon, validUntil: '2026-06-01T12:00:00.001Z' }, 'limited-clearinghouse', noon, both],
    ['in force', { acceptedBy: both }, 'limited-clearinghouse', noon, both],
  ])('%s: %j in %s', (state, rest, model, now, active) => {
    const agreement = { ...Agreement.create(), first: 'acme', second: 'bolt', ...rest };
    expect(agreementState(agreement, { model, now: at(now), isActive: (id) => active.includes(id) })).toBe(state);
  });
});
