import { afterEach, describe, expect, it } from 'vitest';
import type { IngressConfigInput } from './config.js';
import { openStage, type Stage, until } from './hub.stage.js';
import { sip } from './sip.stage.js';

let stage: Stage | undefined;
const open = async (settings: Partial<Pick<IngressConfigInput, 'limits' | 'timeouts' | 'overload'>>): Promise<Stage> => {
  stage = await openStage(process.env, settings);
  return stage;
};
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});
const status = (text: string) => text.slice(8, 11);

describe('a member that wants too much', () => {
  it('is refused above its requests in flight, on one connection and on all', async () => {
    const { member, relay } = await open({ limits: { inFlightPerConnection: 2, inFlightPerMember: 3 } });
    const [one, two] = [await member('acme'), await member('acme')];
    for (let i = 0; i < 3; i += 1) one.send(sip());
    expect(await one.next()).toMatch(/^SIP\/2.0 503 .*in-flight-limit.*Retry-After/s);
    two.send(sip());
    two.send(sip());
    expect(status(await two.next())).toBe('503');
    await until('three are forwarded', () => relay.forwards.length === 3);
    for (const forward of relay.forwards) relay.answer(forward, 200, 'OK');
    for (const from of [one, one, two]) expect(status(await from.next())).toBe('200');
    one.send(sip());
    await until('it is taken again', () => relay.forwards.length === 4);
  });

  it('is refused above its rate, and nobody else is', async () => {
    const { member, relay } = await open({ limits: { requestsPerSecond: 5 } });
    relay.onForward = (forward) => relay.answer(forward, 200, 'OK');
    const [acme, bolt] = [await member('acme'), await member('bolt')];
    acme.send(Array.from({ length: 20 }, () => sip()).join(''));
    const answers = await Promise.all(Array.from({ length: 20 }, () => acme.next()));
    const refused = answers.filter((text) => text.includes('rate-limit'));
    expect(refused.length).toBeGreaterThanOrEqual(10);
    expect(answers.filter((text) => status(text) === '200').length).toBeGreaterThanOrEqual(5);
    bolt.send(sip({ from: '<sip:b@bolt.example>;tag=1' }));
    expect(status(await bolt.next())).toBe('200');
  });

  it('has so many connections, and an address too', async () => {
    const { member, metric } = await open({ limits: { connectionsPerMember: 2, connectionsPerAddress: 4 } });
    const kept = [await member('acme'), await member('acme')];
    const third = await member('acme');
    await third.closed();
    const more = [await member('bolt'), await member('bolt')];
    await expect(member('edge')).rejects.toThrow();
    expect(await metric('guildhall_ingress_connections_closed_total', 'too-many-connections')).toBe(2);
    kept[0]?.end();
    await until('there is room again', async () => {
      const again = await member('edge').catch(() => undefined);
      again?.end();
      return again !== undefined;
    });
    for (const one of [...kept, ...more]) one.end();
  });

  it('is cut off when it does not read what it asked for', async () => {
    const { member, metric } = await open({ limits: { outboxBytes: '64KiB', outboxBytesMax: '128KiB' }, timeouts: { message: '1s' } });
    const acme = await member('acme');
    acme.socket.pause();
    const ping = sip({ method: 'OPTIONS', uri: 'sip:hub.example' }).repeat(2_000);
    const pump = setInterval(() => acme.socket.destroyed || acme.socket.writableLength > 10_000_000 || acme.send(ping), 20);
    try {
      await until('it is given up', async () => (await metric('guildhall_ingress_connections_total', 'given-up')) === 1);
    } finally {
      clearInterval(pump);
      acme.end();
    }
  });

  it('loses the connection that makes too much of it', async () => {
    const { member, metric } = await open({
      limits: { memberBytes: '8MiB', memberBytesMax: '512KiB', outboxBytes: '64MiB', outboxBytesMax: '64MiB' },
      // On a busy machine it would be read no more before it has made too much of it.
      overload: { enabled: false },
    });
    const [idle, greedy] = [await member('acme'), await member('acme')];
    greedy.socket.pause();
    const ping = sip({ method: 'OPTIONS', uri: 'sip:hub.example' }).repeat(2_000);
    const pump = setInterval(() => greedy.socket.destroyed || greedy.socket.writableLength > 10_000_000 || greedy.send(ping), 10);
    try {
      await until('it is given up', async () => (await metric('guildhall_ingress_connections_total', 'given-up')) === 1);
    } finally {
      clearInterval(pump);
    }
    idle.send('\r\n\r\n');
    expect(await idle.next()).toBe('CRLF');
    greedy.end();
  });

  it('is cut off in the middle of a message that does not end', async () => {
    const { member } = await open({ timeouts: { message: '1s' } });
    const acme = await member('acme');
    acme.send(sip().slice(0, 100));
    await acme.closed();
  });
});

describe('a connection on which nothing comes', () => {
  it('is closed after a while, but not that of a member that cannot be dialled', async () => {
    const { member } = await open({ timeouts: { idle: '500ms' } });
    const [edge, acme] = [await member('edge'), await member('acme')];
    await acme.closed();
    edge.send('\r\n\r\n');
    expect(await edge.next()).toBe('CRLF');
  });
});

describe('a message that is no message', () => {
  it('without a length is 400 and the end of the connection', async () => {
    const { member } = await open({});
    const acme = await member('acme');
    acme.send(sip().replace('Content-Length: 0', 'Content-Length: x'));
    acme.send(sip());
    expect(await acme.next()).toMatch(/^SIP\/2.0 400 .*bad-message/s);
    await acme.closed();
    expect(acme.rest()).toEqual([]);
  });

  it('costs the requests before it nothing: they are answered, then the connection ends', async () => {
    const { member, relay } = await open({});
    const acme = await member('acme');
    acme.send(sip());
    await until('it is forwarded', () => relay.forwards.length === 1);
    acme.send(sip().replace('Content-Length: 0', 'Content-Length: x'));
    acme.send(sip());
    expect(await acme.next()).toMatch(/^SIP\/2.0 400 .*bad-message/s);
    const [forward] = relay.forwards;
    if (forward !== undefined) relay.answer(forward, 202, 'Accepted');
    expect(status(await acme.next())).toBe('202');
    await acme.closed();
    expect(relay.forwards).toHaveLength(1);
  });

  it('that is too large is 513, and the next one passes', async () => {
    const { member, relay } = await open({ limits: { messageBytes: '2KiB' } });
    relay.onForward = (forward) => relay.answer(forward, 200, 'OK');
    const acme = await member('acme');
    acme.send(sip({ body: 'x'.repeat(3_000) }));
    expect(await acme.next()).toMatch(/^SIP\/2.0 513 .*message-too-large/s);
    acme.send(sip());
    expect(status(await acme.next())).toBe('200');
  });
});
