import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeHub, startFakeHub } from '../api/fake-hub.stage.js';
import { someFrame, someRecord } from './traffic.stage.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** What the played hub says; of figures only those of a later time are told. */
const said = (at: bigint) => ({
  tailRecords: [{ records: [someRecord()], skipped: 0n }],
  watchTraffic: [{ frame: someFrame({ at, full: true }) }],
  getStatus: {},
});
const first = 1_800_000_000_000n;

let hub: FakeHub;
beforeAll(async () => {
  hub = await startFakeHub(said(first));
});
afterAll(() => hub.close());

it.each(['tail', 'top --json'])('%s ends once nobody reads what it says (| head)', async (verb) => {
  hub.answers = said(first);
  const args = [main, ...verb.split(' '), '--metrics', hub.address, '--plain'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    // The feed has broken off, and is asked for again.
    hub.answers = said(first + 60_000n);
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
