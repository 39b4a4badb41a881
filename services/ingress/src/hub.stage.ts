import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@guildhall/chassis/nats-server.stage';
import { type Issuer, issuer, type Paper } from './certificates.stage.js';
import { configSchema, type IngressConfigInput } from './config.js';
import { type FakeMember, fakeMember } from './member.stage.js';
import { type FakePolicy, type FakeRelay, fakePolicy, fakeRelay, trustMember } from './neighbours.stage.js';
import { start } from './start.js';

/** An ingress with a real NATS, and a policy and relays of a few lines. */
export interface Stage {
  readonly nats: TestServer;
  readonly authority: Issuer;
  readonly policy: FakePolicy;
  readonly relay: FakeRelay;
  readonly papers: Readonly<Record<'acme' | 'bolt' | 'edge', Paper>>;
  readonly address: string;
  /** Certificate and key files of the hub. */
  readonly files: Paper;
  /** Connects as a member. */
  member(id: 'acme' | 'bolt' | 'edge'): Promise<FakeMember>;
  anotherRelay(id: string): Promise<FakeRelay>;
  /** Sum of a metric's series whose labels contain this text. */
  metric(name: string, labels?: string): Promise<number>;
  readyz(): Promise<{ ok: boolean; reasons: string[] }>;
  /** Begins the drain; resolves when it is over. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** `edge` is a member that only dials out; `env` tells where nats-server is; `says`: how policy differs from the start. */
export async function openStage(
  env: Readonly<Record<string, string | undefined>>,
  settings: Partial<IngressConfigInput> = {},
  says: Partial<Pick<FakePolicy, 'revoked'>> = {},
): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-ingress-'));
  const nats = await startTestServer(env);
  const authority = await issuer('Steel Guild CA');
  const hub = await authority.issue({ cn: 'hub', dns: ['hub.example'], uris: ['sip:hub.example'] });
  const files = { cert: join(folder, 'hub.crt'), key: join(folder, 'hub.key') };
  writeFileSync(files.cert, hub.cert);
  writeFileSync(files.key, hub.key);
  const policy = await fakePolicy(
    nats.url,
    [authority.cert],
    [trustMember('acme'), trustMember('bolt'), trustMember('edge', { dialsOnly: true })],
  );
  Object.assign(policy, says);
  const relays = [await fakeRelay(nats.url, 'relay-1')];
  const ending = new AbortController();
  const config = configSchema.parse({
    id: 'ingress-1',
    nats: { url: nats.url },
    hub: { domain: 'hub.example' },
    listeners: [{ name: 'members', host: '127.0.0.1', port: 0 }],
    certificate: files,
    drain: '2s',
    log: { level: 'silent' },
    // Nobody made a stream for them.
    records: { finish: 0 },
    ...settings,
  });
  const running = await start(config, ending.signal);
  const address = running.addresses['listener:members'] ?? '';
  const admin = `http://${running.addresses['admin']}`;
  const member = (id: string): Promise<Paper> => authority.issue({ cn: id, uris: [`sip:${id}.example`], dns: [`sip.${id}.example`] });
  const papers = { acme: await member('acme'), bolt: await member('bolt'), edge: await member('edge') };
  const [relay] = relays;
  if (relay === undefined) throw new Error('no relay');
  const drain = async (): Promise<void> => {
    ending.abort();
    await running.closed;
  };
  return {
    nats,
    authority,
    policy,
    relay,
    papers,
    address,
    files,
    member: (id) => fakeMember(address, papers[id]),
    async anotherRelay(id) {
      const made = await fakeRelay(nats.url, id);
      relays.push(made);
      return made;
    },
    async metric(name, labels = '') {
      const text = await (await fetch(`${admin}/metrics`)).text();
      const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    async readyz() {
      const told: unknown = await (await fetch(`${admin}/readyz`)).json();
      if (typeof told !== 'object' || told === null || !('ok' in told) || !('reasons' in told) || !Array.isArray(told.reasons))
        throw new Error('no readyz');
      return { ok: told.ok === true, reasons: told.reasons.map(String) };
    },
    drain,
    async close() {
      await drain();
      for (const one of relays) await one.die();
      await policy.close();
      await nats.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until something is so; rejects after twenty seconds with what it was. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it never came to pass that ${what}`);
}
