import { createRecordReader, type RecordColumns } from '@guildhall/proto/records/record-columns';
import { expect, it } from 'vitest';
import { payloadOf } from '../records.stage.js';
import type { Standing } from './frame.js';
import { createLosses } from './losses.js';
import { createTraffic, type Traffic } from './traffic.js';

const minute = 60_000;
const start = 1_700_000_040_000;
const dayMs = 86_400_000;
const standingOf = (of: Partial<Standing>): Standing => {
  return { inFlight: 0, connections: 0, linksUp: 0, linksDown: 0, waiting: 0, certificateEnds: 0, ...of };
};

/** `done`: the last minute that is closed already. */
function trafficOf(done = 0): Traffic {
  return createTraffic(
    { pairs: 10, members: 10, reasons: 10 },
    createLosses(1000, 0, () => 0),
    done,
  );
}

function frameOf(traffic: Traffic, standing: ReadonlyMap<string, Standing> = new Map()) {
  return traffic.frame({ at: start, number: 1, console: 'console-1', sampled: 1, instances: [], behind: 0, standing, unheard: [] }, true);
}

function oneRecord(): RecordColumns {
  const columns = createRecordReader()(payloadOf([{}], { at: start }));
  if (columns === undefined) throw new Error('a batch of our own means nothing');
  return columns;
}

it('tells the days until a certificate ends, below 0 behind its end, and none where none was seen', () => {
  const ends = (certificateEnds: number) => standingOf({ certificateEnds });
  const standing = new Map([
    ['acme', ends(start + 20.5 * dayMs)],
    ['bolt', ends(start - dayMs)],
    ['cove', standingOf({ connections: 1 })],
  ]);
  const days = frameOf(trafficOf(), standing).members.map(({ member, certificateDays }) => [member, certificateDays]);
  expect(days).toEqual([
    ['acme', 20.5],
    ['bolt', -1],
    ['cove', undefined],
  ]);
});

it('does not count nobody, of whom records without a target speak, as a member', () => {
  const traffic = trafficOf();
  const columns = createRecordReader()(payloadOf([{ target: '' }, { peer: '' }], { at: start }));
  if (columns !== undefined) traffic.batch(columns, { stored: start, times: 1, live: true });
  expect(traffic.sizes().members).toBe(2);
});

it('names a member without traffic only when it stands otherwise than before, also when it is gone', () => {
  const traffic = trafficOf();
  const named = (standing: ReadonlyMap<string, Standing>) => frameOf(traffic, standing).members.map(({ member }) => member);
  const calm = new Map([['acme', standingOf({ connections: 1 })]]);
  expect(named(calm)).toEqual(['acme']);
  expect(named(calm)).toEqual([]);
  expect(named(new Map([['acme', standingOf({ connections: 1, waiting: 2 })]]))).toEqual(['acme']);
  expect(named(new Map())).toEqual(['acme']);
  expect(named(new Map())).toEqual([]);
});

it('counts once what belongs to a minute that another console has closed, and in no minute', () => {
  const traffic = trafficOf(start - (start % minute));
  expect(traffic.batch(oneRecord(), { stored: start, times: 1, live: true })).toEqual([]);
  const { all, pairs, members } = frameOf(traffic);
  expect([all?.requests, pairs.map(({ tally }) => tally?.requests)]).toEqual([1n, [1n]]);
  expect(members.map(({ sent, received }) => [sent?.requests, received?.requests])).toEqual([
    [1n, 0n],
    [0n, 1n],
  ]);
  expect(traffic.quiet(start + 5 * minute)).toEqual([]);
});
