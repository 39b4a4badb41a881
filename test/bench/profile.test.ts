import { expect, it } from 'vitest';
import { type CpuProfile, renderProfile, type Side, summarize } from './profile.js';

const node = (id: number, functionName: string, url: string, children: readonly number[] = []) => ({
  id,
  children,
  callFrame: { functionName, url, lineNumber: 9, columnNumber: 0 },
});

const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 6, 7, 9]),
    node(2, '(idle)', ''),
    node(3, 'onRead', 'file:///repo/link.js', [4]),
    node(4, 'write', 'node:net', [5]),
    node(5, 'writeBuffer', ''),
    node(6, '(garbage collector)', ''),
    node(7, 'send', 'file:///repo/node_modules/nats/transport.js', [8]),
    node(8, 'writeBuffer', ''),
    node(9, 'start', 'file:///repo/hook.js', [10]),
    node(10, 'dispatch', ''),
  ],
  samples: [2, 3, 5, 5, 6, 4, 8, 10],
  timeDeltas: [1000, 10, 20, 30, 5, 1, 14, 900],
  cpuMicros: 40,
};

const summary = summarize(
  profile,
  (url): Side => {
    if (!url.startsWith('file:')) return 'node';
    if (url.includes('hook')) return 'profiler';
    return url.includes('/node_modules/') ? 'library' : 'ours';
  },
  (url, line) => ({ file: url.split('/').at(-1) ?? url, line: line * 2 }),
);

it('keeps idle time apart and leaves the profiler out', () => {
  expect({ busy: summary.busy, idle: summary.idle }).toEqual({ busy: 80, idle: 1000 });
});

it('charges every function with the time in itself', () => {
  expect(summary.self).toEqual([
    { name: 'writeBuffer', file: '', line: 0, micros: 64 },
    { name: 'onRead', file: 'link.js', line: 20, micros: 10 },
    { name: '(garbage collector)', file: '', line: 0, micros: 5 },
    { name: 'write', file: 'node:net', line: 20, micros: 1 },
  ]);
});

it('charges our functions with what they called outside, and libraries with the rest', () => {
  expect(summary.own.map(({ name, micros }) => [name, micros])).toEqual([
    ['onRead', 61],
    ['send', 14],
    ['(Node itself)', 5],
  ]);
});

it('sums up by file', () => {
  expect(summary.files.map(({ file, micros }) => [file, micros])).toEqual([
    ['writeBuffer', 64],
    ['link.js', 10],
    ['(garbage collector)', 5],
    ['node:net', 1],
  ]);
});

it('shows shares of the processor time a transaction and how long the process was awake', () => {
  const text = renderProfile('relay', summary, 10, 2);
  expect(text).toContain('relay: 4.0 us of CPU a transaction, awake 7 % of the time');
  expect(text).toMatch(/3\.20 {3}80\.0 % {2}writeBuffer/);
  expect(text).not.toContain('node:net  ');
});

it('makes do with the time on the wall where processor time is not known', () => {
  expect(renderProfile('relay', { ...summary, cpu: 0 }, 10, 2)).toContain('relay: 8.0 us of CPU');
});
