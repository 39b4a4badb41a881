import type { Ground } from './fault-run.js';
import { sick } from './member-trouble.js';
import { moment, pause } from './moment.js';
import type { Party } from './party.js';

/** What becomes of a member whose certificate is not good any more: it is put out on both sides, with the reason, and nobody else is. */
export interface PutOut {
  /** ms from the fault until its connections to the ingresses were closed, and until a relay did not believe it; undefined: never. */
  readonly closed: number | undefined;
  readonly untrusted: number | undefined;
}

const patienceMs = 12_000;

/** Waits until the hub counts that it closed the member's connections for this reason, on both sides. */
export async function whenPutOut({ hub, faultAt }: Ground, reason: string, before: PutOutCounts): Promise<PutOut> {
  let closed: number | undefined;
  let untrusted: number | undefined;
  for (const end = moment() + patienceMs; moment() < end && (closed === undefined || untrusted === undefined); ) {
    const counts = await countPutOut(hub, reason);
    if (counts.closed > before.closed) closed ??= moment() - faultAt();
    if (counts.untrusted > before.untrusted) untrusted ??= moment() - faultAt();
    await pause(100);
  }
  return { closed, untrusted };
}

/** Counts of a reason so far. */
export interface PutOutCounts {
  readonly closed: number;
  readonly untrusted: number;
}

/** Connections that ingresses closed for this reason, and proxies that relays did not believe for it. */
export async function countPutOut(hub: Ground['hub'], reason: string): Promise<PutOutCounts> {
  const [closed, untrusted] = await Promise.all([
    hub.counted('ingress', 'guildhall_ingress_connections_closed_total', { reason }),
    hub.counted('relay', 'guildhall_relay_untrusted_total', { reason }),
  ]);
  return { closed, untrusted };
}

/** What is broken when it was not put out within 10 s; and notes how long it took. */
export function judgePutOut({ closed, untrusted }: PutOut, reason: string, note: (line: string) => void): readonly string[] {
  const took = (ms: number | undefined) => (ms === undefined ? 'never' : `after ${(ms / 1000).toFixed(1)} s`);
  note(`its connections closed with ${reason} ${took(closed)}, and its proxy was no longer believed ${took(untrusted)}`);
  return [
    ...((closed ?? Number.POSITIVE_INFINITY) > 10_000
      ? [`its connections were closed with ${reason} ${took(closed)}, 10 s is the bound`]
      : []),
    ...((untrusted ?? Number.POSITIVE_INFINITY) > 10_000
      ? [`its proxy was disbelieved with ${reason} ${took(untrusted)}, 10 s is the bound`]
      : []),
  ];
}

/** Sentences on connections of anybody else that ended from a moment on. */
export async function othersClosed({ parties }: Ground, since: number): Promise<readonly string[]> {
  const others = [...parties.values()].filter((one) => one.id !== sick);
  const ended = await Promise.all(others.map((one) => endedOf(one, since)));
  return others.flatMap(({ id }, at) => ((ended[at] ?? 0) > 0 ? [`${ended[at]} connections of ${id} ended`] : []));
}

/** Connections that a party has dialled and that ended from a moment on, and all that it took and that ended: nothing ends those before. */
async function endedOf(party: Party, since: number): Promise<number> {
  const { sent, received } = await party.books();
  return sent.connections.filter(({ closedAt }) => closedAt >= since).length + received.ended;
}
