import { randomUUID } from 'node:crypto';
import type { KeyValue } from '@guildhall/chassis/key-value';
import type { MembershipHandlers } from '../api/api-handlers.js';
import type { Announce } from '../bus/announce.js';
import type { PolicyConfig } from '../config.js';
import type { Events } from '../events.js';
import { type Changes, createChanges } from './change.js';
import { keepMembership } from './keep-membership.js';
import { openCommunityFile } from './live-file.js';
import { createMembershipHistory, type MembershipHistory } from './membership-at.js';
import { createMembershipFeed } from './membership-feed.js';
import { membershipHandlers } from './membership-handlers.js';
import { createCommunityCheck } from './remembering-check.js';
import { createStatusSweep } from './status-sweep.js';
import type { MembershipStore } from './store.js';

/** The membership as data: in force, how it is changed, and what it was. */
export interface MembershipData {
  readonly store: MembershipStore;
  readonly changes: Changes;
  readonly history: MembershipHistory;
  readonly handlers: MembershipHandlers;
  stop(): void;
}

/** What it stands on. */
export interface MembershipDataNeeds {
  readonly bucket: KeyValue;
  readonly events: Events;
  readonly announce: Announce;
  wall(): Date;
  /** The membership in force is another, or there is none any more. */
  refresh(): void;
}

/** Messages that a watch may have left to read. */
const behind = 1000;

/** Brings in the community file, follows the bucket, and offers changes and history of it. Rejects with a Fault when the file cannot be used, and with a KeyValueError. */
export async function openMembership(
  config: Pick<PolicyConfig, 'community' | 'reload' | 'settle' | 'grpc'>,
  { bucket, events, announce, wall, refresh }: MembershipDataNeeds,
): Promise<MembershipData> {
  const file = config.community === undefined ? undefined : openCommunityFile(config.community, events);
  const feed = createMembershipFeed(config.grpc.streams, behind);
  const settling = { quietMs: config.settle.quiet, mostMs: config.settle.most };
  const opened: { store?: MembershipStore; look?: () => void } = {};
  const { store, bring } = await keepMembership(bucket, file, settling, {
    events,
    announce,
    wall,
    refresh(differences) {
      const version = opened.store?.current()?.version;
      if (version !== undefined) feed.tell(version, differences);
      opened.look?.();
      refresh();
    },
  });
  opened.store = store;
  const check = createCommunityCheck();
  const changes = createChanges({ bucket, store, check, wall, newId: randomUUID });
  const history = createMembershipHistory(bucket);
  const sweep = createStatusSweep({
    changes,
    snapshot: store.snapshot,
    wall,
    failed: (thrown) => events.failed('making a member active again', thrown),
  });
  opened.look = sweep.look;
  sweep.look();
  const stopWatching = file !== undefined && config.reload > 0 ? file.watch(config.reload, bring) : undefined;
  return {
    store,
    changes,
    history,
    handlers: membershipHandlers({ changes, history, feed, check, wall }),
    stop() {
      stopWatching?.();
      sweep.stop();
      feed.end();
      store.stop();
    },
  };
}
