import type { Bus } from '@guildhall/chassis/bus';
import { type MemoryBus, memoryBus } from '@guildhall/chassis/memory-bus';
import type { StreamOptions } from '@guildhall/chassis/stream';
import { PrivacyKeyAnswer } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordsConfig } from './config-records.js';
import { keepRecords } from './keep-records.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Streams on a bus in memory; `make` stands for the server. */
async function desk(make: Bus['stream'] = async ({ maxBytes }) => maxBytes, on: MemoryBus = memoryBus(), look = '1s') {
  const made: StreamOptions[] = [];
  const told: string[] = [];
  const bus = {
    ...on,
    stream(options: StreamOptions) {
      made.push(options);
      return make(options);
    },
  };
  const bucket = await on.keyValue('secrets', { history: 1 });
  const stop = keepRecords(bus, bucket, recordsConfig.parse({ look }), {
    failed: (what) => void told.push(what),
    lessRoom: (stream, wanted, given) => void told.push(`${stream} ${wanted} ${given}`),
  });
  await vi.advanceTimersByTimeAsync(0);
  return { bus: on, made, told, stop, names: () => made.splice(0).map(({ name }) => name) };
}

const ask = (bus: Bus): Promise<Uint8Array> => bus.request(subjects.privacyKey, new Uint8Array(), 100);

describe('what records need of policy', () => {
  it('is told once when it fails, and tried again every second', async () => {
    let fails = true;
    const make: Bus['stream'] = ({ maxBytes }) => (fails ? Promise.reject(new Error('no room')) : Promise.resolve(maxBytes));
    const { told, names, stop } = await desk(make, memoryBus(), '1m');
    await vi.advanceTimersByTimeAsync(3000);
    expect(told).toEqual(['keeping the streams of records']);
    expect(names()).toEqual(['KEPT', 'KEPT', 'KEPT', 'KEPT']);
    fails = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(names()).toEqual(['KEPT', 'TRAFFIC', 'RECORDS']);
    stop();
  });

  it('is told once where there is less room than was asked for', async () => {
    const { told, stop } = await desk(async ({ name, maxBytes }) => (name === 'RECORDS' ? maxBytes / 2 : maxBytes));
    await vi.advanceTimersByTimeAsync(3000);
    expect(told).toEqual(['RECORDS 1073741824 536870912']);
    stop();
  });

  it('are streams of what every instance says, and no stream of anything else', async () => {
    const { made, stop } = await desk();
    expect(made).toEqual([
      { name: 'KEPT', subjects: [subjects.kept('any').replace('any', '*')], maxAge: 86_400_000, maxBytes: 256 * 1024 ** 2 },
      { name: 'TRAFFIC', subjects: [subjects.trafficMinute], maxAge: 90 * 86_400_000, maxBytes: 256 * 1024 ** 2 },
      { name: 'RECORDS', subjects: [subjects.records('any').replace('any', '*')], maxAge: 7 * 86_400_000, maxBytes: 1024 ** 3 },
    ]);
    stop();
  });

  it('is looked at again when NATS is back, and no more when it is stopped', async () => {
    const { bus, names, stop } = await desk(undefined, undefined, '1h');
    names();
    bus.setConnected(false);
    bus.setConnected(true);
    await vi.advanceTimersByTimeAsync(900);
    expect(names()).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    expect(names().slice(0, 3)).toEqual(['KEPT', 'TRAFFIC', 'RECORDS']);
    stop();
    bus.setConnected(false);
    bus.setConnected(true);
    await vi.advanceTimersByTimeAsync(5000);
    expect(names()).toEqual([]);
  });

  it('is a key of 32 bytes, the same from every instance, though streams cannot be made', async () => {
    const bus = memoryBus();
    const first = await desk(() => Promise.reject(new Error('no room')), bus);
    const { key } = PrivacyKeyAnswer.decode(await ask(bus));
    expect(key).toHaveLength(32);
    first.stop();
    const second = await desk(undefined, bus);
    expect(Buffer.from(PrivacyKeyAnswer.decode(await ask(bus)).key)).toEqual(Buffer.from(key));
    second.stop();
  });
});
