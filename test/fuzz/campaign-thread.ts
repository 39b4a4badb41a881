import { parentPort, workerData } from 'node:worker_threads';
import { fuzz } from './campaign.js';
import { targets } from './targets.js';
import type { ThreadOrder } from './watched-campaign.js';

const { target: name, bounds, shared }: ThreadOrder = workerData;
const target = targets.find((one) => one.name === name);
if (target === undefined) throw new Error(`there is no target ${name}`);

const numbers = new Int32Array(shared, 0, 2);
const bytes = new Uint8Array(shared, 8);
const clock = (): number => performance.now();
const campaign = fuzz(
  target,
  { ...bounds, until: clock() + bounds.ms },
  {
    clock,
    cpu: () => process.cpuUsage().user / 1_000,
    running(input) {
      bytes.set(input.subarray(0, bytes.length));
      numbers[1] = Math.min(input.length, bytes.length);
      Atomics.add(numbers, 0, 1);
    },
  },
);
parentPort?.postMessage(campaign);
