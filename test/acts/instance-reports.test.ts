import { connectBus } from '@guildhall/chassis/bus';
import { followReports } from '@guildhall/chassis/follow-reports';
import { createLogger } from '@guildhall/chassis/log';
import type { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const patience = { timeout: 30_000 };

describe.each(topologies)('whoever listens to what the instances of a hub say of themselves, %s', (_, topology) => {
  const { actor, hub } = perform({ topology: { ...topology, consoles: 1 }, cast: { acme: {}, bolt: {} } });
  /** The last report of each instance, all its parts being one here. */
  const last = new Map<string, InstanceReport>();
  let dropped = 0;
  let say: (subject: string, payload: Uint8Array) => void;
  let leave: () => Promise<void>;

  beforeAll(async () => {
    const bus = await connectBus(hub().nats, 'listener', createLogger('test', 'test', { level: 'silent', pretty: false }));
    const stop = followReports(
      bus,
      (report) => last.set(`${report.service} ${report.id}`, report),
      () => {
        dropped += 1;
      },
    );
    say = (subject, payload) => bus.publish(subject, payload);
    leave = async () => {
      stop();
      await bus.close();
    };
  });
  afterAll(() => leave());

  const of = (service: string) => [...last.values()].filter((report) => report.service === service);
  const sum = (numbers: readonly (number | bigint)[]) => numbers.reduce((total: number, one) => total + Number(one), 0);

  it('hears all of them, and that they can do their work', async () => {
    const { ingresses, relays, policies } = topology;
    await expect.poll(() => [...last.values()].filter(({ ready }) => ready).length, patience).toBe(ingresses + relays + policies + 1);
    const numbers = ['ingress', 'relay', 'policy', 'console'].map((service) => of(service).length);
    expect(numbers).toEqual([ingresses, relays, policies, 1]);
    expect([...last.values()].flatMap(({ reasons }) => reasons)).toEqual([]);
    for (const { started, at, memory, version } of last.values())
      expect([at >= started, memory > 1_000_000n, version]).toEqual([true, true, expect.stringMatching(/^\d+\.\d+\.\d+/)]);
  });

  it('learns that one policy is to be named, and that all have the same membership', async () => {
    await expect.poll(() => of('policy').filter(({ leads }) => leads).length, patience).toBe(1);
    const versions = new Set(of('policy').map(({ membershipVersion }) => membershipVersion));
    expect([versions.size, [...versions].every((version) => version > 0n)]).toEqual([1, true]);
  });

  it('learns who is connected, which links are up, and how many ends ingresses were told', async () => {
    const rounds = 5;
    for (let round = 0; round < rounds; round += 1) await exchange(actor('acme'), actor('bolt'));
    const connections = () => sum(of('ingress').flatMap(({ members }) => members.map(({ connections: count }) => count)));
    await expect.poll(connections, patience).toBeGreaterThan(0);
    const up = () =>
      of('relay').flatMap(({ members }) =>
        members.filter(({ links }) => links.some(({ state }) => state === 'up')).map(({ member }) => member),
      );
    await expect.poll(up, patience).toEqual(['bolt']);
    const told = () => sum(of('relay').flatMap((report) => report.told.map(({ finals }) => finals)));
    await expect.poll(told, patience).toBe(rounds);
  });

  it('is not taken in by who speaks for another service', async () => {
    const before = dropped;
    say(subjects.report('ingress', 'ghost'), Buffer.from([10, 5, ...Buffer.from('relay'), 18, 5, ...Buffer.from('ghost')]));
    await expect.poll(() => dropped).toBe(before + 1);
    expect([...last.keys()].filter((name) => name.includes('ghost'))).toEqual([]);
  });
});
