import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { type Besieger, besiege, besiegeFrom, evilAddresses, realHello } from '../stage/siege.js';

const limits = {
  handshakesInFlight: 16,
  handshakesInFlightPerAddress: 8,
  handshakesPerSecond: 400,
  handshakesPerSecondPerAddress: 300,
  handshakesWaiting: 120,
  handshakesWaitingPerAddress: 60,
};

/** Machines that are busy with other tests are slow. */
const soon = { timeout: 30_000 };

describe('a door under siege: nobody who storms it keeps others out', { timeout: 60_000 }, () => {
  const { actor, hub } = perform({
    cast: { acme: {}, bolt: {}, crow: {} },
    settings: { ingress: { overload: { enabled: false }, limits, timeouts: { handshake: '3s', handshakeWait: '5s' } } },
  });
  let hello: Buffer;
  beforeAll(async () => {
    hello = await realHello();
  });
  let crowd: Besieger[] = [];
  afterEach(async () => {
    for (const one of crowd.splice(0)) one.cut();
    await expect.poll(() => standing(), soon).toEqual([0, 0]);
  });

  const port = () => hub().ingresses[0]?.port ?? 0;
  /** Handshakes that are on, and connections that wait for theirs. */
  const standing = () =>
    Promise.all(['in_flight', 'waiting'].map((which) => hub().counted('ingress', `guildhall_tls_handshakes_${which}`)));
  const closed = (reason: string) => hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason });
  /** Members with a line go on, and one that dials now gets in. */
  const business = async (): Promise<void> => {
    await exchange(actor('acme'), actor('bolt'));
    const crow = actor('crow');
    const line = await crow.dial(port());
    const ping = crow.request('OPTIONS', `sip:${hub().domain}`);
    line.say(ping.text);
    expect((await crow.hearFinal(ping)).status).toBe(200);
    line.hangUp();
    await line.over;
  };

  it.each<[what: string, words: () => Buffer | '']>([
    ['connections that say nothing', () => ''],
    ['half a hello', () => hello.subarray(0, 100)],
    ['handshakes that are begun and left', () => hello],
  ])('%s, from one address', async (_what, words) => {
    const before = await closed('too-many-handshakes');
    crowd = await besiegeFrom(port(), evilAddresses(1), 200);
    for (const one of crowd) one.say(words());
    await business();
    const [on = 0, waiting = 0] = await standing();
    expect(on).toBeLessThanOrEqual(limits.handshakesInFlightPerAddress);
    expect(waiting).toBeLessThanOrEqual(limits.handshakesWaitingPerAddress);
    // What is too much is turned out before TLS costs anything.
    await expect.poll(async () => (await closed('too-many-handshakes')) - before, soon).toBeGreaterThanOrEqual(200 - 60 - 8);
    await business();
  });

  it.each<[what: string, words: () => Buffer | '']>([
    ['connections that say nothing', () => ''],
    ['handshakes that are begun and left', () => hello],
  ])('%s, from several hundred addresses', async (_what, words) => {
    crowd = await besiegeFrom(port(), evilAddresses(300), 1);
    for (const one of crowd) one.say(words());
    const [on = 0, waiting = 0] = await standing();
    expect(on).toBeLessThanOrEqual(limits.handshakesInFlight);
    expect(waiting).toBeLessThanOrEqual(limits.handshakesWaiting);
    // Lines that stand do not even notice.
    await exchange(actor('acme'), actor('bolt'));
    await expect.poll(() => crowd.filter((one) => !one.isOver()).length, soon).toBeLessThanOrEqual(136);
  });

  it('every connection of the siege is closed in time, each with one reason', async () => {
    const reasons = ['too-many-handshakes', 'handshake-timeout', 'handshake-failed'];
    const count = async () => (await Promise.all(reasons.map(closed))).reduce((sum, one) => sum + one, 0);
    const before = await count();
    crowd = await besiegeFrom(port(), evilAddresses(3), 30);
    for (const [at, one] of crowd.entries()) one.say(at % 3 === 0 ? '' : at % 3 === 1 ? hello : hello.subarray(0, 7));
    await Promise.all(crowd.map((one) => one.over));
    await expect.poll(async () => (await count()) - before, soon).toBe(90);
    await business();
  });

  it('who leaves while it waits leaves no trace, and its place is free', async () => {
    const before = await closed('too-many-handshakes');
    for (let round = 0; round < 5; round += 1) {
      const some = await besiegeFrom(port(), evilAddresses(1), 50);
      for (const one of some) one.cut();
      await expect.poll(() => standing(), soon).toEqual([0, 0]);
    }
    expect(await closed('too-many-handshakes')).toBe(before);
    await business();
  });

  it('a hello that comes byte by byte is one, and costs no handshake before it is whole', async () => {
    const begun = () => hub().counted('ingress', 'guildhall_tls_handshakes_total', { result: 'begun' });
    const before = await begun();
    const slow = await besiege(port(), evilAddresses(1)[0]);
    crowd = [slow];
    for (const byte of hello.subarray(0, -1)) slow.say(Buffer.of(byte));
    await expect.poll(() => standing(), soon).toEqual([0, 1]);
    expect(await begun()).toBe(before);
    slow.say(hello.subarray(-1));
    await expect.poll(begun, soon).toBe(before + 1);
  });
});
