import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Bus } from '@guildhall/chassis/bus';
import { type DiscoveredPartner, type ListPartnersRequest, ListPartnersResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { type PartnerConduct, Watched } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import type { AdminHandlers } from '../api/api-handlers.js';
import type { StoredEntry } from '../membership/bucket-entry.js';
import { discoveredEntries } from './discovered-member.js';

/** How discovered partners behave, as the ingresses tell. */
export interface WatchedPartners {
  /** Over all ingresses that were heard of lately; zeros for who has sent nothing. */
  conductOf(member: string): Conduct;
  stop(): void;
}

/** What all ingresses together saw of one partner since each of them started. */
export type Conduct = Omit<PartnerConduct, 'member'>;

/** Ingresses remembered, partners of one message, and how long what an ingress told counts, ms. */
const most = { instances: 256, partners: 2_000, silenceMs: 30_000 } as const;
/** Listed where the caller does not say how many, and at most. */
const usualLimit = 1_000;
const mostListed = 10_000;

const mostLarge = 2n ** 64n - 1n;
const mostSmall = 2 ** 32 - 1;

/** Listens to the ingresses. `clock` is monotonic ms. */
export function keepWatched(bus: Bus, clock: () => number): WatchedPartners {
  const told = new Map<string, { readonly at: number; readonly partners: ReadonlyMap<string, PartnerConduct> }>();

  const forget = (now: number): void => {
    for (const [id, { at }] of told) if (now - at > most.silenceMs) told.delete(id);
  };
  const stop = bus.subscribe(subjects.watched, (payload) => {
    const { id, partners } = Watched.decode(payload);
    const now = clock();
    forget(now);
    if (!told.has(id) && told.size >= most.instances) return;
    told.set(id, { at: now, partners: new Map(partners.slice(0, most.partners).map((one) => [one.member, one])) });
  });

  return {
    stop,
    conductOf(member) {
      forget(clock());
      const sum = { requests: 0n, contacts: 0, suspect: false, overRate: 0n, overContacts: 0n, connections: 0 };
      for (const { partners } of told.values()) {
        const one = partners.get(member);
        if (one === undefined) continue;
        sum.requests += one.requests;
        sum.contacts += one.contacts;
        sum.suspect ||= one.suspect;
        sum.overRate += one.overRate;
        sum.overContacts += one.overContacts;
        sum.connections += one.connections;
      }
      return bounded(sum);
    },
  };
}

/** What an answer has room for: nobody's nonsense keeps the list from being told. */
function bounded(sum: Conduct): Conduct {
  const large = (count: bigint) => (count < mostLarge ? count : mostLarge);
  const small = (count: number) => Math.min(count, mostSmall);
  return {
    requests: large(sum.requests),
    contacts: small(sum.contacts),
    suspect: sum.suspect,
    overRate: large(sum.overRate),
    overContacts: large(sum.overContacts),
    connections: small(sum.connections),
  };
}

/** Answers AdminService.ListPartners from the entries of the bucket, in the order of ids. */
export function listPartners(watched: WatchedPartners, stored: () => Iterable<StoredEntry>): AdminHandlers['listPartners'] {
  return async ({ after, limit }: ListPartnersRequest) => {
    if (limit > mostListed) throw new ApiFault('invalid', `At most ${mostListed} can be listed.`, 'ask for fewer');
    const wanted = limit === 0 ? usualLimit : limit;
    const all = discoveredEntries(stored())
      .flatMap((entry) => partnerOf(entry, watched))
      .filter(({ id }) => id > after)
      .toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const partners = all.slice(0, wanted);
    return ListPartnersResponse.fromPartial({ partners, next: all.length > wanted ? (partners.at(-1)?.id ?? '') : '' });
  };
}

function partnerOf({ body, by }: StoredEntry, watched: WatchedPartners): DiscoveredPartner[] {
  if (body.$case !== 'member') return [];
  const { id, domains, status, statusReason } = body.value;
  const { who, when, why } = by;
  return [{ id, domains, status, statusReason, who, when, why, ...watched.conductOf(id) }];
}
