import type { Caller, Scope } from '@guildhall/chassis/api/caller';
import type { KeyValue } from '@guildhall/chassis/key-value';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { communityEntries } from '@guildhall/proto/community/entries';
import { readCommunity } from '@guildhall/proto/community/file';
import type { MembershipHandlers } from '../api/api-handlers.js';
import { bringIn, type FileContent } from './bring-in.js';
import { entriesByKey } from './bucket-entry.js';
import { type Changes, createChanges } from './change.js';
import { createMembershipHistory, type MembershipHistory } from './membership-at.js';
import { createMembershipFeed } from './membership-feed.js';
import { membershipHandlers } from './membership-handlers.js';
import { createCommunityCheck } from './remembering-check.js';
import { followMembership, type MembershipStore } from './store.js';

/** A certificate authority made for tests alone; its key was thrown away. */
export const testAuthority = `-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUSrBgRxaOd5lTSnsN6bkqIt0HABgwCgYIKoZIzj0EAwIw
IzEhMB8GA1UEAwwYR3VpbGRoYWxsIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMjEz
NDA0MVoYDzIxMjYxMDI5MTM0MDQxWjAjMSEwHwYDVQQDDBhHdWlsZGhhbGwgdGVz
dCBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASSlOz0p6EZNcov
DzeY+U+JA00woMJx/kQ2Bl/twt3r8Ca08GM0xLxOTq6ae61fYL7sh3j7YGlkgUqs
0lszwA4Uo1MwUTAdBgNVHQ4EFgQUP3Cq/dE4l2ODVS8vTo5a/9tWkj4wHwYDVR0j
BBgwFoAUP3Cq/dE4l2ODVS8vTo5a/9tWkj4wDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiBVqKtrvXyc/xkZEX2xfkDhJSLkDs1pqNZ9/B+M+p5m5gIh
APiuI1kLyR53A2G2GI5+Y+yc2nx+LOE5XETNVqmL+Zpi
-----END CERTIFICATE-----
`;

/** A community file's content for tests; `members`, `agreements` and `rules` are the texts behind their keys. */
export function fileContent(parts: { members?: string; agreements?: string; rules?: string; model?: string; path?: string }): FileContent {
  const { members = '[]', agreements = '[]', rules = '[]', model = 'limited-clearinghouse', path = '/etc/guild.yaml' } = parts;
  const text = `community: { id: guild, name: Guild, model: ${model} }
hub: { domain: hub.test, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: {} }
members: ${members}
agreements: ${agreements}
rules: ${rules}`;
  return { path, digest: text, files: [], entries: entriesByKey(communityEntries(readCommunity(text, path), new Map())) };
}

/** Someone who calls the API. */
export function caller(scope: Scope, member = ''): Caller {
  return { scope, member, by: scope === 'member' ? `certificate of ${member}` : `token of ${scope}`, source: '192.0.2.1:1' };
}

/** The membership as data over a bucket in memory. */
export interface MembershipStage {
  readonly bucket: KeyValue;
  readonly store: MembershipStore;
  readonly changes: Changes;
  readonly history: MembershipHistory;
  readonly api: MembershipHandlers;
  /** Time of day, which stands still until it is set. */
  readonly clock: { now: Date };
  close(): void;
}

/** Opens it with a community file brought in; `keeps` revisions of a key are kept. */
export async function openMembershipStage(content: FileContent, keeps = 64): Promise<MembershipStage> {
  const bucket = await memoryBus().keyValue('membership', { history: keeps });
  await bringIn(bucket, content, { when: '2026-01-01T00:00:00.000Z', change: 'first' });
  const feed = createMembershipFeed(3, 5);
  const told: { store?: MembershipStore } = {};
  const store = await followMembership(
    bucket,
    { quietMs: 0, mostMs: 1 },
    {
      changed: (membership, touched) => {
        if (told.store !== undefined) feed.tell(membership.version, touched.entries);
      },
      empty: () => undefined,
      unusable: () => undefined,
    },
  );
  told.store = store;
  const clock = { now: new Date('2026-06-01T12:00:00.000Z') };
  let ids = 0;
  const wall = () => clock.now;
  const check = createCommunityCheck();
  const changes = createChanges({
    check,
    bucket,
    store,
    wall,
    newId: () => {
      ids += 1;
      return `change-${ids}`;
    },
  });
  const history = createMembershipHistory(bucket);
  return {
    bucket,
    store,
    changes,
    history,
    api: membershipHandlers({ changes, history, feed, check, wall }),
    clock,
    close() {
      feed.end();
      store.stop();
    },
  };
}
