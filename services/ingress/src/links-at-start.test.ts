import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { startTestServer } from '@guildhall/chassis/nats-server.stage';
import { subjects } from '@guildhall/proto/subjects';
import { expect, it, onTestFinished } from 'vitest';
import { issuer } from './certificates.stage.js';
import { configSchema } from './config.js';
import { until } from './hub.stage.js';
import { fakePolicy, fakeRelay, trustMember } from './neighbours.stage.js';
import { sip } from './sip.stage.js';
import { start } from './start.js';
import { wireBatchOf } from './wires.stage.js';

it('what comes in on links of relays is heard by nobody before the ingress knows its members, so that another one gets it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-links-'));
  const nats = await startTestServer(process.env);
  const authority = await issuer('CA');
  const paper = await authority.issue({ cn: 'hub', dns: ['hub.example'] });
  const certificate = { cert: join(folder, 'hub.crt'), key: join(folder, 'hub.key') };
  writeFileSync(certificate.cert, paper.cert);
  writeFileSync(certificate.key, paper.key);
  const bus = await connectBus({ url: nats.url }, 'a relay', createLogger('stage', 'stage', { level: 'silent', pretty: false }));
  const heard: string[] = [];
  bus.subscribe(subjects.hello('ingress', 'ingress-1'), () => heard.push('hello'));
  bus.subscribe(subjects.depart('relay', 'relay-1'), () => heard.push('answer'));
  const unheard = bus.unheard(() => heard.push('unheard'));
  const said = wireBatchOf(sip({ uri: 'sip:alice@acme.example', from: '<sip:bob@bolt.example>;tag=b1' }));
  const ask = (): void => bus.publish(subjects.arrived('ingress', 'ingress-1'), said, unheard);

  const ending = new AbortController();
  const config = configSchema.parse({
    id: 'ingress-1',
    nats: { url: nats.url },
    hub: { domain: 'hub.example' },
    listeners: [{ name: 'members', host: '127.0.0.1', port: 0 }],
    certificate,
    drain: 0,
    log: { level: 'silent' },
    records: { finish: 0 },
  });
  const starting = start(config, ending.signal);
  await until('it says hello', () => heard.includes('hello'));
  ask();
  await until('it came to something', () => heard.some((one) => one !== 'hello'));
  expect(heard.filter((one) => one !== 'hello')).toEqual(['unheard']);

  const policy = await fakePolicy(nats.url, [authority.cert], [trustMember('acme'), trustMember('bolt')]);
  const relay = await fakeRelay(nats.url, 'relay-1');
  onTestFinished(async () => {
    ending.abort();
    await (await starting).closed;
    await relay.die();
    await policy.close();
    await bus.close();
    await nats.remove();
    rmSync(folder, { recursive: true });
  });
  await starting;
  // What it says to NATS, and what is said here, go over two connections.
  await until('it is passed on', () => {
    if (relay.forwards.length === 0) ask();
    return relay.forwards.length > 0;
  });
  expect(heard).not.toContain('answer');
});
