import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { RecordFilter } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ParameterKind, readQuery } from './query-values.js';
import { checkedFilter, checkedMembers } from './request-checks.js';

const parameters = { user: 'text', since: 'time', limit: 'number', refused: 'flag', members: 'texts' } as const satisfies Record<
  string,
  ParameterKind
>;
const read = (query: string) => readQuery(new URLSearchParams(query), parameters);

describe('what stands behind ?', () => {
  it.each([
    'nothing=1',
    'user=a&user=b',
    'since=-1',
    'since=1e3',
    'since=0x10',
    'since=',
    'since= 1',
    'since=1234567890123456',
    'limit=1.5',
    'limit=１',
    'refused=1',
    'refused=',
    'user=%ff',
    '__proto__=1',
    'toString=1',
    'User=x',
    Array.from({ length: 201 }, () => 'members=a').join('&'),
  ])('is refused: %s', (query) => {
    expect(() => read(query)).toThrow(ApiFault);
  });

  it('is read as what it is', () => {
    const values = read('user=al+ice%40x&since=1700000000000&limit=5&refused=true&members=a,b&members=c');
    expect([values.text('user'), values.time('since'), values.number('limit'), values.flag('refused'), values.texts('members')]).toEqual([
      'al ice@x',
      1_700_000_000_000n,
      5,
      true,
      ['a', 'b', 'c'],
    ]);
    const none = read('');
    expect([none.text('user'), none.time('since'), none.number('limit'), none.flag('refused'), none.texts('members')]).toEqual([
      '',
      0n,
      0,
      false,
      [],
    ]);
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (query) => {
        try {
          read(query);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ApiFault);
        }
      }),
    );
  });
});

describe('a filter', () => {
  const text = fc.oneof(fc.constantFrom('', 'acme', 'bolt', 'cara'), fc.string({ maxLength: 80 }));

  it('of a member asks for its own half or is refused, whatever else it says', () => {
    const filter = fc.record({ member: text, from: text, to: text, user: text, method: text, status: fc.integer({ min: 0, max: 1000 }) });
    fc.assert(
      fc.property(filter, (given) => {
        try {
          expect(checkedFilter(RecordFilter.fromPartial(given), 'acme').member).toBe('acme');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ApiFault);
        }
      }),
    );
  });

  it('of members too', () => {
    fc.assert(
      fc.property(fc.array(text), (members) => {
        try {
          expect(checkedMembers(members, 'acme')).toEqual(['acme']);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ApiFault);
        }
      }),
    );
    expect(checkedMembers(['bolt', 'acme', 'bolt'], undefined)).toEqual(['bolt', 'acme']);
  });
});
