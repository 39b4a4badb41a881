import { GetCallResponse, GetStatusResponse, SearchRecordsResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { RoutingRecord, TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameOf, recordsOfAll } from './feed.stage.js';
import { ownCall, ownFound, ownFrames, ownRecords, ownStatus } from './own-half.js';

describe('a member never sees', () => {
  const id = fc.constantFrom('acme', 'bolt', 'cara', 'dora', '');
  const text = (value: unknown) => JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? String(one) : one));

  it('a pair or figures of others, in whatever frame', () => {
    const figures = fc.record({
      members: fc.array(fc.record({ member: id })),
      pairs: fc.array(fc.record({ from: id, to: id })),
      instances: fc.array(fc.record({ id: fc.constant('secret') })),
      reasons: fc.array(fc.record({ code: fc.constant('secret') })),
      all: fc.record({ requests: fc.constant(424_242n) }),
      dropped: fc.constant(424_242n),
      lost: fc.constant(424_242n),
      behind: fc.constant(424_242n),
      inFlight: fc.constant(424_242),
      connections: fc.constant(424_242),
      otherPairs: fc.record({ requests: fc.constant(424_242n) }),
      full: fc.boolean(),
    });
    fc.assert(
      fc.property(figures, (given) => {
        const cut = ownFrames('acme')(TrafficFrame.fromPartial(given));
        expect(text(cut)).not.toMatch(/424242|secret/);
        expect(cut.members.every(({ member }) => member === 'acme')).toBe(true);
        expect(cut.pairs.every(({ from, to }) => from === 'acme' || to === 'acme')).toBe(true);
      }),
    );
  });

  it('a record of others, nor where the other side’s proxies are', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ peer: id, target: id })), (given) => {
        const records = given.map((one) => RoutingRecord.fromPartial({ ...one, source: `from ${one.peer}`, link: `to ${one.target}` }));
        for (const { peer, target, source, link } of ownRecords('acme', records)) {
          expect([peer, target]).toContain('acme');
          expect(['', 'from acme']).toContain(source);
          expect(['', 'to acme']).toContain(link);
        }
      }),
    );
    const found = ownFound('acme', SearchRecordsResponse.fromPartial({ records: recordsOfAll, scanned: 1000n }));
    expect([found.records.length, found.scanned]).toEqual([2, 0n]);
  });

  it('how the hub stands beyond the verdict and its own links', () => {
    const status = GetStatusResponse.fromPartial({
      at: 7n,
      verdict: 'impaired',
      reasons: ['no link of bolt is up'],
      instances: [{ id: 'relay-1' }],
      members: [{ member: 'acme' }, { member: 'bolt' }],
      links: [{ member: 'bolt', why: 'refused' }, { member: 'acme' }],
      streams: [{ name: 'RECORDS' }],
      behind: 9n,
    });
    expect(ownStatus('acme', status)).toMatchObject({
      at: 7n,
      verdict: 'impaired',
      reasons: [],
      instances: [],
      members: [{ member: 'acme' }],
      links: [{ member: 'acme' }],
      streams: [],
      behind: 0n,
    });
  });

  it('what was kept of the connections of others', () => {
    const messages = [{ member: 'acme' }, { member: 'bolt' }, { member: '' }];
    expect(ownCall('acme', GetCallResponse.fromPartial({ messages })).messages).toMatchObject([{ member: 'acme' }]);
  });
});

describe('a member sees', () => {
  it('as the whole what it sent and received', () => {
    expect(ownFrames('acme')(frameOf(3, 10, false))).toMatchObject({ number: 3n, all: { requests: 20n, ok: 20n }, pairs: [{}, {}] });
  });

  it('how it stands also in seconds that do not tell of it, until a full frame', () => {
    const cut = ownFrames('acme');
    expect(cut(frameOf(1, 1, true))).toMatchObject({ inFlight: 2, connections: 1 });
    expect(cut(TrafficFrame.create())).toMatchObject({ inFlight: 2, connections: 1, members: [], all: { requests: 0n } });
    expect(cut(TrafficFrame.fromPartial({ full: true }))).toMatchObject({ inFlight: 0, connections: 0 });
  });
});
