import { memoryBus } from '@guildhall/chassis/memory-bus';
import { RecordAnswer, type RecordBatch, RecordKind, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { PrivacyKeyAnswer } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { readRecordBatch } from '@guildhall/proto/records/read-batch';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configSchema, type IngressConfigInput } from './config.js';
import type { RecordFacts } from './record-columns.js';
import { openRecords } from './record-desk.js';
import { createRecordEvents } from './record-events.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const one: RecordFacts = {
  ...{ kind: RecordKind.TRANSACTION, answer: RecordAnswer.FAR, endedAt: 0, peer: 'acme', target: 'bolt', fromDomain: '', toDomain: '' },
  ...{ method: 'MESSAGE', event: '', rule: '', code: '', sentence: '', status: 200, total: 1, decision: 0, linkWait: 0, far: 0 },
  ...{ requestBytes: 1, answerBytes: 1, tries: 1, repeats: 0, link: '', relay: '', source: '', fromUri: 'sip:a@acme.example', toUri: '' },
  ...{ callId: 'c', serial: 1, flags: 0 },
};

/** Records of an ingress on a bus in memory, where all that is published is stored at once unless the bus is down. */
function desk(records: IngressConfigInput['records'] = {}) {
  const bus = memoryBus();
  const batches: (RecordBatch | undefined)[] = [];
  bus.subscribe(subjects.records('ingress-1'), (payload) => void batches.push(readRecordBatch(payload)));
  const told: string[] = [];
  const log = {
    info: (...words: unknown[]) => void told.push(String(words.at(-1))),
    warn: (...words: unknown[]) => void told.push(String(words.at(-1))),
  };
  const config = configSchema.parse({
    id: 'ingress-1',
    hub: { domain: 'hub.example' },
    listeners: [{ name: 'members' }],
    certificate: { cert: 'none', key: 'none' },
    records,
  });
  const rim = { clock: () => 0, wall: () => 1000 };
  const events = createRecordEvents(log, () => 1);
  return { bus, batches, told, open: () => openRecords({ config, epoch: 'now', bus, events, rim }) };
}

const firsts = (batches: readonly (RecordBatch | undefined)[]) =>
  batches.map((batch) => [batch?.first, batch?.kind.length, batch?.dropped]);

describe('keeping records', () => {
  it('is not done where it is off', () => {
    expect(desk({ enabled: false }).open()).toBeUndefined();
  });

  it('hands them over each interval, numbered from 1 without a gap', async () => {
    const { batches, open } = desk({ privacy: 'full' });
    const keeping = open();
    keeping?.add(one);
    keeping?.add(one);
    expect([batches.length, keeping?.waiting()]).toEqual([0, 2]);
    await vi.advanceTimersByTimeAsync(100);
    keeping?.add(one);
    await vi.advanceTimersByTimeAsync(500);
    expect(firsts(batches)).toEqual([
      [1n, 2, 0n],
      [3n, 1, 0n],
    ]);
    expect(batches[0]).toMatchObject({ privacy: RecordPrivacy.FULL, names: ['acme', 'bolt', 'MESSAGE', 'a@acme.example'] });
    expect(keeping?.counts).toEqual({ made: 3, stored: 3, dropped: 0 });
    keeping?.close();
  });

  it('hands them over when there are enough', () => {
    const { batches, open } = desk({ privacy: 'domain', batchCount: 2 });
    const keeping = open();
    for (let n = 0; n < 5; n += 1) keeping?.add(one);
    expect(firsts(batches)).toEqual([
      [1n, 2, 0n],
      [3n, 2, 0n],
    ]);
    keeping?.close();
    expect(firsts(batches)).toHaveLength(3);
  });

  it('tells what was dropped in the next batch, and leaves its numbers out', async () => {
    const { bus, batches, told, open } = desk({ privacy: 'domain' });
    const keeping = open();
    bus.setConnected(false);
    keeping?.add(one);
    await vi.advanceTimersByTimeAsync(100);
    bus.setConnected(true);
    keeping?.add(one);
    await vi.advanceTimersByTimeAsync(100);
    expect(firsts(batches)).toEqual([[2n, 1, 1n]]);
    expect(keeping?.counts).toEqual({ made: 2, stored: 1, dropped: 1 });
    expect(told).toContain('records dropped');
    keeping?.close();
  });

  it('asks for the key of the hashes until there is one, and keeps domains alone until then', async () => {
    const { bus, batches, told, open } = desk();
    const keeping = open();
    keeping?.add(one);
    await vi.advanceTimersByTimeAsync(1500);
    let asked = 0;
    bus.subscribe(subjects.privacyKey, (_question, reply) => {
      asked += 1;
      // Something that is no key is asked for again.
      reply?.(PrivacyKeyAnswer.encode({ key: Buffer.alloc(asked === 1 ? 5 : 32) }).finish());
    });
    await vi.advanceTimersByTimeAsync(3000);
    keeping?.add(one);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toBe(2);
    expect(batches.map((batch) => batch?.privacy)).toEqual([RecordPrivacy.DOMAIN, RecordPrivacy.HASHED]);
    expect(batches[0]?.names).toContain('acme.example');
    expect(told).toEqual([
      'the key for users in records cannot be had from policy: only their domains are kept',
      'users in records are hashed',
    ]);
    keeping?.close();
  });

  it('hands over what is left at the end', async () => {
    const { batches, open } = desk({ privacy: 'domain' });
    const keeping = open();
    keeping?.add(one);
    await keeping?.finish(1000);
    expect(firsts(batches)).toEqual([[1n, 1, 0n]]);
    keeping?.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect(batches).toHaveLength(1);
  });
});
