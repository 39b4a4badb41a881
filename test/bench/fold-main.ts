import { createLosses } from '@guildhall/console/fold/losses';
import { createTraffic } from '@guildhall/console/fold/traffic';
import { createRecordReader } from '@guildhall/proto/records/record-columns';
import { recordPayload } from './record-batches.js';

/**
 * What it costs a console to read and fold records, without NATS: `node test/dist/bench/fold-main.js [records a batch] [members]`.
 * Frames are made as often as a hub with 50,000 records a second would make them.
 */
const perFrame = 50_000;
const wanted = 5_000_000;

const [, , batchText = '2000', membersText = '50'] = process.argv;
const count = Number(batchText);
const shape = { members: Number(membersText), refusedOneOf: 50 };
const payloads = Array.from({ length: 40 }, (_, index) => recordPayload(count, 1 + index * count, 1_700_000_000_000, shape));
const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0) / (payloads.length * count);

const read = createRecordReader();
const traffic = createTraffic(
  { pairs: 10_000, members: 20_000, reasons: 200 },
  createLosses(30_000, 0, () => 0),
  0,
);
const facts = { at: 0, console: 'console-1', sampled: 1, instances: [], unheard: [], behind: 0, standing: new Map() };

function run(records: number): { seconds: number; cpu: number; requests: bigint } {
  const began = performance.now();
  const cpu = process.cpuUsage();
  let inFrame = 0;
  let number = 0;
  let requests = 0n;
  for (let done = 0; done < records; done += count) {
    const batch = read(payloads[(done / count) % payloads.length] ?? new Uint8Array());
    if (batch === undefined) throw new Error('a batch of our own means nothing');
    traffic.batch(batch, { stored: 1_700_000_000_000 + done / 50, times: 1, live: true });
    inFrame += count;
    if (inFrame < perFrame) continue;
    inFrame = 0;
    number += 1;
    requests += traffic.frame({ ...facts, number }, true).all?.requests ?? 0n;
  }
  requests += traffic.frame({ ...facts, number: number + 1 }, true).all?.requests ?? 0n;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - began) / 1000, cpu: user + system, requests };
}

run(wanted / 10);
const { seconds, cpu, requests } = run(wanted);
const line = [
  `${count} records a batch, ${shape.members} members, ${bytes.toFixed(0)} bytes a record:`,
  `${Math.round(Number(requests) / seconds)} records/s, ${(cpu / Number(requests)).toFixed(3)} us CPU a record`,
  `(50,000 records/s take ${((cpu / Number(requests)) * 5).toFixed(1)} % of a core); counted ${requests}`,
];
process.stdout.write(`${line.join(' ')}\n`);
