import { randomUUID } from 'node:crypto';
import type { Bus } from '@guildhall/chassis/bus';
import { createDnsCache } from '@guildhall/chassis/dns-cache';
import { createDnsResolver } from '@guildhall/chassis/dns-resolver';
import { offersService } from '@guildhall/chassis/dns-targets';
import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import { type Ask, Sighted } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { sipOverTls } from '@guildhall/proto/sip/location';
import { policyQueue, subjects } from '@guildhall/proto/subjects';
import type { Audit } from '../api/audit.js';
import type { PolicyConfig } from '../config.js';
import type { Decision } from '../decision/hearing.js';
import { type Authorship, encodeEntry, encodeNote, entryKey } from '../membership/bucket-entry.js';
import type { MembershipStore } from '../membership/store.js';
import { discoveredEntries, discoveredMember, givesWay } from './discovered-member.js';
import { mayBeMet, soughtDomain } from './discovery-candidate.js';

/** Who stands in the history as the author of discovered partners. */
const discoverer = 'discovery';

/** What is told of meetings, for figures and the log. */
export interface DiscoveryListener {
  /** `how`: a member wrote to it, or it came by itself. */
  met(domain: string, member: string, how: 'sought' | 'sighted'): void;
  /** Somebody gave way to a newer partner. */
  partnerLeft(member: string): void;
  notMet(domain: string, why: 'no service in DNS' | 'too many partners' | 'too many questions' | 'no answer', detail: string): void;
}

/** Meets organizations that are no members, where the community wants that. */
export interface KeptDiscovery {
  /**
   * Worth waiting for before an ask is answered: resolves when its domain was met and is in force, or will not be soon, to the ms for which
   * a refusal then holds. Undefined: the decision stands as it is.
   */
  meet(ask: Ask, decision: Decision): Promise<number> | undefined;
  stop(): void;
}

/** What is around. */
export interface DiscoverySurroundings {
  readonly bus: Bus;
  readonly bucket: KeyValue;
  readonly store: Pick<MembershipStore, 'current' | 'snapshot' | 'inForce'>;
  /** What cannot be written there is not done. */
  readonly audit: Pick<Audit, 'write'>;
  readonly listener: DiscoveryListener;
  wall(): Date;
  /** Monotonic ms. */
  clock(): number;
}

/** Domains looked into at the same time, and taken of one sighting. */
const most = { meetings: 64, sighted: 8 } as const;
/** An ask is not kept waiting for longer, ms: ingress gives a question up soon after. */
const patience = 1_500;
/** A partner that is so young does not give way to another, ms: or a flood of new ones would put out the old. */
const settledIn = 3_600_000;

/** Starts to meet partners: those that members write to (`meet`) and those that ingress has sighted. */
export function keepDiscovery(config: PolicyConfig['dns'], around: DiscoverySurroundings): KeptDiscovery {
  const { bus, bucket, store, audit, listener, wall } = around;
  const resolver = createDnsResolver(config);
  const offers = createDnsCache(
    async (domain) => ({ offered: await offersService(resolver, sipOverTls, domain) }),
    ({ offered }) => ({ keepMs: Number.POSITIVE_INFINITY, found: offered }),
    config,
    around.clock,
  );
  const meetings = new Map<string, Promise<void>>();

  const author = (why: string): Authorship => ({ who: discoverer, when: wall().toISOString(), why, change: randomUUID() });

  /** Does something to an entry; `act` gives the revision after it. The audit log has it before and after. */
  const audited = async (subject: string, why: string, act: () => Promise<number>): Promise<number> => {
    const fact = { who: discoverer, source: '', method: 'discovery', subject, why, detail: '', version: 0n, begun: 0n };
    const when = () => wall().toISOString();
    const begun = await audit.write({ ...fact, when: when(), outcome: 'begun' });
    try {
      const revision = await act();
      await audit.write({ ...fact, when: when(), outcome: 'done', version: BigInt(revision), begun });
      return revision;
    } catch (thrown) {
      await audit.write({ ...fact, when: when(), outcome: 'failed', begun });
      throw thrown;
    }
  };

  /** Makes room for one more. False when nobody gives way. */
  const makeRoom = async (partners: number): Promise<boolean> => {
    const entries = discoveredEntries(store.snapshot().stored.values());
    if (entries.length < partners) return true;
    const leaving = givesWay(entries, discoverer, settledIn, wall().getTime());
    if (leaving === undefined) return false;
    const why = `there may be ${partners}`;
    await audited(leaving.key, why, () => bucket.delete(leaving.key, { previousRevision: leaving.revision }, encodeNote(author(why))));
    listener.partnerLeft(leaving.key);
    return true;
  };

  /** Writes the entry, or finds it written by another instance, and waits until it is in force. */
  const admit = async (domain: string, why: string): Promise<string> => {
    const member = discoveredMember(domain);
    const body = { $case: 'member', value: member } as const;
    const key = entryKey(body);
    const revision = await audited(key, why, async () => {
      try {
        return await bucket.create(key, encodeEntry(body, author(why)));
      } catch (thrown) {
        if (!(thrown instanceof KeyValueError) || thrown.code !== 'conflict') throw thrown;
        return (await bucket.get(key))?.revision ?? 0;
      }
    });
    await store.inForce(revision, patience);
    return member.id;
  };

  const look = async (domain: string, how: 'sought' | 'sighted'): Promise<void> => {
    try {
      const { offered } = await offers.get(domain);
      const membership = store.current();
      if (membership === undefined || !mayBeMet(membership, domain)) return;
      if (!offered) {
        listener.notMet(domain, 'no service in DNS', '');
      } else if (await makeRoom(membership.community.discovery?.partners ?? 0)) {
        const why = how === 'sought' ? 'a member wrote to it' : 'it came with a certificate that discovery trusts in';
        listener.met(domain, await admit(domain, why), how);
      } else {
        listener.notMet(domain, 'too many partners', '');
      }
    } catch (thrown) {
      listener.notMet(domain, 'no answer', thrown instanceof Error ? thrown.message : 'unknown');
    }
  };

  const meeting = (domain: string, how: 'sought' | 'sighted'): Promise<void> | undefined => {
    const known = meetings.get(domain);
    if (known !== undefined) return known;
    if (meetings.size >= most.meetings) {
      listener.notMet(domain, 'too many questions', '');
      return undefined;
    }
    const begun = look(domain, how).finally(() => meetings.delete(domain));
    meetings.set(domain, begun);
    return begun;
  };

  const sighted = (payload: Uint8Array): void => {
    const membership = store.current();
    if (membership === undefined) return;
    for (const domain of Sighted.decode(payload).domains.slice(0, most.sighted)) {
      if (mayBeMet(membership, domain)) void meeting(domain, 'sighted');
    }
  };
  const leave = bus.subscribe(subjects.sighted, sighted, policyQueue);

  return {
    meet(ask, decision) {
      const membership = store.current();
      const domain = membership === undefined ? undefined : soughtDomain(membership, ask, decision);
      if (domain === undefined) return undefined;
      const begun = meeting(domain, 'sought');
      return begun === undefined ? undefined : Promise.race([begun.then(() => config.absent), pause(patience)]);
    },
    stop() {
      leave();
      resolver.close();
    },
  };
}

/** Resolves to how long an answer holds that was not waited for: as long as the wait. */
function pause(ms: number): Promise<number> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(ms), ms).unref();
  });
}
