import { expect, it } from 'vitest';
import { type Choice, chooseCandidates } from './candidates.js';
import { readOptions } from './options.js';
import { readPatterns } from './patterns.js';

const sink = { url: 'http://127.0.0.1:1', taken: () => 0, close: () => Promise.resolve() };

function choose(line: string): Promise<Choice> {
  const request = readOptions(line.split(' '));
  if (request.kind !== 'bench') throw new Error(JSON.stringify(request));
  return chooseCandidates(request.options, { environment: {}, profiles: '', profiled: () => undefined, sink });
}

const namesOf = ({ candidates }: Choice): readonly string[] => candidates.map(({ candidate }) => candidate.name);

it('measures the hub alone where no peer is asked for', async () => {
  const choice = await choose('--peer none');
  expect(namesOf(choice)).toEqual(['guildhall']);
  expect(choice).not.toHaveProperty('compared');
  expect(choice).not.toHaveProperty('grown');
});

it('compares two ways to run it in turn', async () => {
  const choice = await choose('--with records,traces --against off');
  expect(namesOf(choice)).toEqual(['guildhall with records,traces', 'guildhall, all off']);
  expect(choice.compared).toEqual({ hub: 'guildhall with records,traces', against: 'guildhall, all off' });
});

it('holds the rate in a large community against that in one of ten', async () => {
  const choice = await choose('--members-rate 10000');
  const [hub, against] = ['guildhall, 10000 members', 'guildhall, 10 members'];
  expect(namesOf(choice)).toEqual([hub, against]);
  expect(choice.grown).toMatchObject({ hub, against, field: 'perSecond', most: 0.05 });
});

it('puts the load of each instance on every one of them', async () => {
  const choice = await choose('--instances 3');
  expect(namesOf(choice)).toEqual(['guildhall, 3 of each', 'guildhall, 1 of each']);
  expect(choice.grown).toMatchObject({ field: 'cpu', most: 0.1 });
  const [closed, open] = readPatterns('4x50,8@4000');
  if (closed === undefined || open === undefined) throw new Error('two patterns');
  const [large, small] = choice.candidates;
  expect(large?.load?.(closed)).toMatchObject({ name: '4x50', connections: 12, window: 50, rate: 0 });
  expect(large?.load?.(open)).toMatchObject({ name: '8@4000', connections: 24, rate: 12_000 });
  expect(small?.load).toBeUndefined();
});
