import type { HubServices } from '../stage/hub.js';
import { moment, pause } from './moment.js';

/** What a member's trouble costs the relays at the worst, and when it was noticed. */
export interface MemberFigures {
  /** Moment at which a relay gave a link to it up, or none had one any more; 0: nobody noticed anything. */
  readonly noticedAt: number;
  /** Most requests that waited for its links, their bytes, and most transactions of the relays with all members. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly transactions: number;
}

/** Watches what the relays' gauges say of a member. */
export interface MemberWatch {
  /** Ends it. */
  stop(): Promise<MemberFigures>;
}

const everyMs = 250;

/** Looks at the gauges until it is stopped. A relay that cannot be asked counts for nothing. */
export function watchMember(hub: HubServices, member: string): MemberWatch {
  const since = Date.now();
  const worst = { noticedAt: 0, waiting: 0, waitingBytes: 0, transactions: 0 };
  let watching = true;
  const look = async () => {
    const labels = { member };
    const [links, waiting, bytes, transactions] = await Promise.all([
      hub.counted('relay', 'guildhall_member_links', labels),
      hub.counted('relay', 'guildhall_member_queue', labels),
      hub.counted('relay', 'guildhall_member_queue_bytes', labels),
      hub.counted('relay', 'guildhall_relay_transactions'),
    ]);
    const gaveUp = hub.relays.some((relay) => relay.log().some((line) => isLinkLost(line, member, since)));
    if ((links === 0 || gaveUp) && worst.noticedAt === 0) worst.noticedAt = moment();
    worst.waiting = Math.max(worst.waiting, waiting);
    worst.waitingBytes = Math.max(worst.waitingBytes, bytes);
    worst.transactions = Math.max(worst.transactions, transactions);
  };
  const run = (async () => {
    while (watching) {
      await look().catch(() => undefined);
      await pause(everyMs);
    }
  })();
  return {
    async stop() {
      watching = false;
      await run;
      return worst;
    },
  };
}

/** Whether a line of a relay's log says that a link to this member was given up, at a wall clock time or later. */
function isLinkLost(line: unknown, member: string, since: number): boolean {
  if (typeof line !== 'object' || line === null || !('msg' in line) || !('member' in line) || !('time' in line)) return false;
  return line.msg === 'link lost' && line.member === member && Date.parse(String(line.time)) >= since;
}
