import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { openFolder } from '../stage/folder.js';
import { faketimeTool } from '../stage/tools.js';
import { type ClockWay, openShiftedClock } from './clock-shift.js';

/** Says both clocks every 20 ms. */
const program = `setInterval(() => process.send({ wall: [Date.now(), +new Date()], mono: performance.now() }), 20);
process.on('disconnect', () => process.exit());`;

// `npm run chaos` fetches the library; without it there is the hook.
const ways: readonly ClockWay[] = (await faketimeTool()) === undefined ? ['hook'] : ['library', 'hook'];

describe.each(ways)('a wall clock shifted by a %s', (way) => {
  const endings: (() => unknown)[] = [];
  afterEach(() => {
    for (const end of endings.splice(0).toReversed()) end();
  });

  it('jumps forth and back while timers and the monotonic clock go on', async () => {
    const clock = await openShiftedClock(() => {}, way);
    const folder = openFolder('clock-test');
    writeFileSync(folder.file('clocks.mjs'), program);
    const child = fork(folder.file('clocks.mjs'), { execArgv: [], env: { PATH: process.env['PATH'], ...clock.environment } });
    endings.push(clock.close, folder.close, () => child.kill('SIGKILL'));
    const hours: number[] = [];
    let mono = 0;
    let backwards = false;
    child.on('message', (said: { wall: number[]; mono: number }) => {
      for (const wall of said.wall) hours.push(Math.round((wall - Date.now()) / 3_600_000));
      backwards ||= said.mono < mono || (mono > 0 && said.mono > mono + 60_000);
      mono = said.mono;
    });
    for (const shift of [1, -1]) {
      clock.shift(shift * 3600);
      await expect.poll(() => hours.slice(-2)).toEqual([shift, shift]);
    }
    expect(backwards).toBe(false);
  });
});
