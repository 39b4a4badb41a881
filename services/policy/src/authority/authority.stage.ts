import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Caller } from '@guildhall/chassis/api/caller';
import { type Authority, createAuthority } from '@guildhall/chassis/authority/authority';
import { authorityPaths } from '@guildhall/chassis/authority/folder';
import { newSigningKey, type SigningKey } from '@guildhall/chassis/authority/key';
import { makeSigningRequest } from '@guildhall/chassis/authority/signing-request';
import { parseAnchors, spkiSha256 } from '@guildhall/chassis/certificate';
import { createLogger } from '@guildhall/chassis/log';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { createMeters } from '@guildhall/chassis/meters';
import { Community, Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { buckets } from '@guildhall/proto/subjects';
import { keepAccessTokens } from '../api/keep-access-tokens.js';
import { configSchema, type PolicyConfig } from '../config.js';
import { type EntryBody, encodeEntry, entryKey } from '../membership/bucket-entry.js';
import { followMembership, type MembershipStore } from '../membership/store.js';
import { type KeptAuthority, keepAuthority } from './start-authority.js';

/** In ms. */
export const day = 86_400_000;
/** A caller with an operator token. */
export const operator: Caller = { scope: 'operator', member: '', by: 'token t1', source: '127.0.0.1:1' };
/** A caller without credentials. */
export const nobody: Caller = { scope: 'nobody', member: '', by: 'nobody', source: '192.0.2.7:4711' };

/** The caller that shows a certificate (PEM) of a member. */
export function memberCaller(member: string, pem: string): Caller {
  const [leaf] = parseAnchors([pem]);
  if (leaf === undefined) throw new TypeError('no certificate');
  return { ...nobody, scope: 'member', member, by: `certificate of ${member}`, certificate: { raw: leaf.raw, spki: spkiSha256(leaf) } };
}

/** A community with an authority of its own: acme (one proxy with a name), bolt, and cato who is suspended. */
export interface AuthorityStage {
  readonly kept: KeptAuthority;
  readonly folder: string;
  readonly authority: Authority;
  readonly store: MembershipStore;
  readonly config: PolicyConfig;
  /** Time of day of everything in it, ms since 1970; may be set. */
  readonly clock: { now: number };
  /** Writes an entry of the membership. */
  put(body: EntryBody): Promise<void>;
  metrics(): Promise<string>;
  /** A second instance on the same bus and folder. */
  another(): Promise<KeptAuthority>;
  invite(member: string, names?: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

const by = { who: 'test', when: '', why: '', change: '' };

/** The entry of an active member with two domains and one named proxy. */
export const acme: EntryBody = {
  $case: 'member',
  value: Member.fromPartial({
    id: 'acme',
    role: 'member',
    status: 'active',
    domains: ['acme.example', 'acme.test'],
    proxies: [{ host: '192.0.2.1', port: 5061, name: 'sip.acme.example' }],
  }),
};

const members: readonly EntryBody[] = [
  { $case: 'community', value: Community.fromPartial({ id: 'guild', name: 'Guild', model: 'clearinghouse', domain: 'hub.example' }) },
  acme,
  { $case: 'member', value: Member.fromPartial({ id: 'bolt', role: 'member', status: 'pending', domains: ['bolt.example'] }) },
  {
    $case: 'member',
    value: Member.fromPartial({
      id: 'cato',
      role: 'member',
      status: 'suspended',
      statusReason: 'unpaid',
      statusUntil: '2030-01-01T00:00:00Z',
      domains: ['cato.example'],
    }),
  },
];

/** Sets the stage. `offline`: the authority's key is not in its folder. `settings` are of the section `authority`. */
export async function authorityStage({
  offline = false,
  settings = {} as Readonly<Record<string, unknown>>,
} = {}): Promise<AuthorityStage> {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-authority-'));
  const clock = { now: Math.floor(Date.now() / 1000) * 1000 };
  const authority = await createAuthority('Guild CA', clock.now - 300_000, clock.now + 3650 * day);
  const paths = authorityPaths(folder);
  writeFileSync(paths.certificate, authority.pem);
  if (!offline) writeFileSync(paths.key, authority.key, { mode: 0o600 });
  const config = configSchema.parse({ authority: { folder, ...settings } });

  const bus = memoryBus();
  const bucket = await bus.keyValue(buckets.membership, { history: 8 });
  const put = async (body: EntryBody): Promise<void> => {
    await bucket.put(entryKey(body), encodeEntry(body, by));
  };
  for (const body of members) await put(body);
  const store = await followMembership(
    bucket,
    { quietMs: 0, mostMs: 0 },
    { changed: () => undefined, empty: () => undefined, unusable: () => undefined },
  );
  const wall = () => clock.now;
  const tokens = await keepAccessTokens(await bus.keyValue(buckets.accessTokens, { history: 1 }), {
    wall,
    unusable: () => undefined,
    most: 1000,
  });
  const meters = createMeters('policy', 'test');
  const log = createLogger('policy', 'test', { level: 'silent', pretty: false });
  const another = (gauges = createMeters('policy', 'other')) =>
    keepAuthority(config, {
      bus,
      bucket,
      membership: store.current,
      entries: store.entries,
      tokens,
      log,
      meters: gauges,
      wall,
      hubCertificates: () => [],
    });
  const kept = await another(meters);
  return {
    kept,
    folder,
    authority,
    store,
    config,
    clock,
    put,
    metrics: () => meters.prometheus(),
    another,
    async invite(member, names = []) {
      const { token } = await kept.handlers.invite({ member, expiresMs: 0n, why: 'test', names: [...names] }, operator);
      return token;
    },
    async close() {
      await kept.close();
      store.stop();
      tokens.stop();
      await meters.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A signing request with these names, and its key. */
export async function requestFor(
  names: { commonName?: string; sipDomains?: readonly string[]; dnsNames?: readonly string[] },
  key?: SigningKey,
): Promise<{ readonly signingRequest: string; readonly key: SigningKey }> {
  const own = key ?? (await newSigningKey());
  const { commonName = 'a certificate', sipDomains = [], dnsNames = [] } = names;
  return { key: own, signingRequest: await makeSigningRequest(own, { commonName, sipDomains, dnsNames }) };
}
