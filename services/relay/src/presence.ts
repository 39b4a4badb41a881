import { Presence } from '@guildhall/proto/gen/guildhall/bus/v1/wire';

const idShape = /^[A-Za-z0-9_-]{1,64}$/;

/** What an ingress's announcement changed. */
export interface PresenceChange {
  readonly ingress: string;
  /** Members that came or left. */
  readonly touched: readonly string[];
  /** Members that lost a connection there and have another: what was written to the lost one was in vain. */
  readonly renewed: readonly string[];
}

/** Which ingresses hold connections of members that only dial out. */
export interface PresenceTable {
  /** Takes an ingress's announcement; undefined when it is malformed or too much. */
  take(payload: Uint8Array): PresenceChange | undefined;
  /** What this ingress announced last, whether it is there or not. */
  heldBy(ingress: string): readonly string[];
  /** Ids of the ingresses that are there and hold a connection of this member, sorted. */
  of(member: string): readonly string[];
  /** Forgets ingresses that are not there, but these. */
  prune(keep: ReadonlySet<string>): void;
}

/** How much is believed of what ingresses announce: what is beyond is not taken. */
export interface PresenceLimits {
  /** Members of one ingress. */
  readonly members: number;
  readonly ingresses: number;
}

/** `isThere` says whether this incarnation of an ingress is alive. */
export function createPresenceTable(limits: PresenceLimits, isThere: (ingress: string, epoch: string) => boolean): PresenceTable {
  const holders = new Map<string, { readonly epoch: string; readonly members: Set<string> }>();

  return {
    take(payload) {
      const said = read(payload);
      if (said === undefined) return undefined;
      const before = holders.get(said.ingress);
      if (before === undefined && holders.size >= limits.ingresses) return undefined;
      const replaces = said.full || before?.epoch !== said.epoch;
      const now = { epoch: said.epoch, members: new Set(replaces ? said.connected : [...before.members, ...said.connected]) };
      for (const member of said.left) now.members.delete(member);
      if (now.members.size > limits.members) return undefined;
      holders.set(said.ingress, now);
      const restarted = before?.epoch !== said.epoch;
      const touched = [...now.members].filter((member) => restarted || !before.members.has(member));
      for (const member of before?.members ?? []) if (!now.members.has(member)) touched.push(member);
      const renewed = replaces ? [] : said.connected.filter((member) => before.members.has(member) && now.members.has(member));
      return { ingress: said.ingress, touched, renewed };
    },
    heldBy: (ingress) => [...(holders.get(ingress)?.members ?? [])],
    of(member) {
      const ids: string[] = [];
      for (const [ingress, holder] of holders) if (holder.members.has(member) && isThere(ingress, holder.epoch)) ids.push(ingress);
      return ids.sort();
    },
    prune(keep) {
      for (const [ingress, holder] of holders) if (!keep.has(ingress) && !isThere(ingress, holder.epoch)) holders.delete(ingress);
    },
  };
}

function read(payload: Uint8Array): Presence | undefined {
  let said: Presence;
  try {
    said = Presence.decode(payload);
  } catch {
    return undefined;
  }
  const ids = [said.ingress, said.epoch, ...said.connected, ...said.left];
  return ids.every((id) => idShape.test(id)) ? said : undefined;
}
