import type { Authority } from '@guildhall/chassis/authority/authority';
import type { OpenAuthority } from '@guildhall/chassis/authority/folder';
import {
  isRevocationReason,
  type RevocationList,
  type RevokedCertificate,
  readRevocationLists,
} from '@guildhall/chassis/authority/revocation-list';
import type { Certificate } from '@guildhall/chassis/certificate';
import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import type { IssuedCertificate } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import type { Authority as AuthorityEntry } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { membershipKeys } from '@guildhall/proto/subjects';
import { decodeEntry, encodeEntry } from '../membership/bucket-entry.js';

/** The authority's entry of the membership: its certificate and its revocation list, from where both reach everybody. */
export interface PublishedAuthority {
  /**
   * Brings the entry to what it should be and writes only what differs: by compare-and-set, so that of several instances
   * with the key whichever is first does it. Rejects with a KeyValueError.
   */
  publish(): Promise<void>;
  /** What was published or found last. */
  current(): { readonly entry: AuthorityEntry; readonly list: RevocationList | undefined } | undefined;
}

/** What it is made from. */
export interface PublishingNeeds {
  readonly bucket: KeyValue;
  authority(): OpenAuthority;
  certificates(): Iterable<IssuedCertificate>;
  /** ms since 1970. */
  wall(): number;
  /** How long a list lasts, ms. */
  readonly listLasts: number;
  published(authority: string, number: bigint, revoked: number, nextUpdate: number): void;
  /** The list in the folder is older than the published one, which stays. */
  outdated(why: string): void;
}

/** How often others may change the entry under our hands. */
const attempts = 20;
const day = 86_400_000;

/** The good list of an entry's text, if it has one that this authority made. */
async function goodList(pem: string, certificate: Certificate): Promise<RevocationList | undefined> {
  try {
    const [list] = readRevocationLists(pem);
    return list !== undefined && (await list.signedBy(certificate)) ? list : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What a new list has to name: what is filed as revoked and has not ended (a day of grace, so that each stands in a list
 * beyond its end, RFC 5280 3.3), and what an earlier list names and is not on file. A revocation is never lost.
 */
function revokedOf(
  authority: string,
  certificates: Iterable<IssuedCertificate>,
  earlier: readonly RevokedCertificate[],
  now: number,
): RevokedCertificate[] {
  const found = new Map<string, RevokedCertificate>();
  const onFile = new Set<string>();
  for (const { serial, authority: issuer, revoked, revocationReason, validUntil } of certificates) {
    if (issuer !== authority) continue;
    onFile.add(serial);
    const at = Date.parse(revoked);
    if (Number.isNaN(at) || Date.parse(validUntil) + day < now) continue;
    found.set(serial, { serial, at, reason: isRevocationReason(revocationReason) ? revocationReason : 'unspecified' });
  }
  for (const entry of earlier) if (!onFile.has(entry.serial)) found.set(entry.serial, entry);
  return [...found.values()].toSorted((one, other) => one.at - other.at || (one.serial < other.serial ? -1 : 1));
}

/** Whether a list is to be replaced: half of its time is over, or it names other certificates. */
function isDue(list: RevocationList, revoked: readonly RevokedCertificate[], now: number): boolean {
  if (now >= list.thisUpdate + (list.nextUpdate - list.thisUpdate) / 2) return true;
  const named = new Set(list.revoked.map(({ serial }) => serial));
  return named.size !== revoked.length || revoked.some(({ serial }) => !named.has(serial));
}

/** Makes the publisher; nothing is read or written before `publish`. */
export function publishAuthority(needs: PublishingNeeds): PublishedAuthority {
  const { bucket, wall } = needs;
  let current: { readonly entry: AuthorityEntry; readonly list: RevocationList | undefined } | undefined;
  let work: Promise<void> = Promise.resolve();

  /** The list to publish instead of the one that is, or undefined: that one is good. */
  const wantedList = async (signing: Authority, list: RevocationList | undefined): Promise<string | undefined> => {
    const now = wall();
    // Also what was published last, as NATS may have come back without its storage, and what was revoked by hand in the folder.
    const known = [needs.authority().list?.read, current?.entry.id === signing.id ? current.list : undefined, list];
    const earlier = known.flatMap((one) => one?.revoked ?? []);
    const revoked = revokedOf(signing.id, needs.certificates(), earlier, now);
    if (list !== undefined && !isDue(list, revoked, now)) return undefined;
    // Grows even where the earlier list was lost.
    const numbers = [BigInt(Math.floor(now / 1000)), ...known.map((one) => (one?.number ?? 0n) + 1n)];
    const number = numbers.reduce((highest, one) => (one > highest ? one : highest));
    return signing.revocationList({ number, thisUpdate: now, nextUpdate: now + needs.listLasts, revoked });
  };

  const folderList = ({ list }: OpenAuthority, published: RevocationList | undefined): string | undefined => {
    if (list === undefined) return undefined;
    const [own, other] = [list.read.number ?? 0n, published?.number ?? -1n];
    if (own < other) needs.outdated(`authority.crl has the number ${own}, but ${other} is published already`);
    return own > other ? list.pem : undefined;
  };

  const once = async (): Promise<boolean> => {
    const authority = needs.authority();
    const { id, pem, certificate } = authority.certificate;
    const key = membershipKeys.authority(id);
    const stored = await bucket.get(key);
    const read = stored === undefined ? undefined : decodeEntry(key, stored.value);
    const before = typeof read === 'object' && read.$case === 'authority' ? read.value : undefined;
    const list = before === undefined ? undefined : await goodList(before.revocationList, certificate);
    const next = authority.signing === undefined ? folderList(authority, list) : await wantedList(authority.signing, list);
    if (before !== undefined && before.certificate === pem && next === undefined) {
      current = { entry: before, list };
      return true;
    }
    const entry: AuthorityEntry = {
      id,
      certificate: pem,
      revocationList: next ?? (list === undefined ? '' : (before?.revocationList ?? '')),
    };
    const made = next === undefined ? list : await goodList(next, certificate);
    const by = {
      who: 'policy',
      when: new Date(wall()).toISOString(),
      why: next === undefined ? 'the certificate authority of this hub' : 'revocation list of the certificate authority',
      change: `authority-${made?.number ?? 0n}`,
    };
    const value = encodeEntry({ $case: 'authority', value: entry }, by);
    // An entry that nobody would read must not take the place of one that is good: with it the anchor would go.
    const unusable = decodeEntry(key, value);
    if (typeof unusable === 'string') throw new KeyValueError('failed', `the entry of the certificate authority ${unusable}`);
    try {
      if (stored === undefined) await bucket.create(key, value);
      else await bucket.put(key, value, { previousRevision: stored.revision });
    } catch (thrown) {
      if (thrown instanceof KeyValueError && thrown.code === 'conflict') return false;
      throw thrown;
    }
    current = { entry, list: made };
    if (next !== undefined && made !== undefined) needs.published(id, made.number ?? 0n, made.revoked.length, made.nextUpdate);
    return true;
  };

  const untilDone = async (): Promise<void> => {
    for (let left = attempts; left > 0; left -= 1) if (await once()) return;
    throw new KeyValueError('conflict', 'the entry of the certificate authority is changed by others all the time');
  };

  return {
    publish() {
      // One after the other: what a caller filed before its call is in the list when its call is over.
      const next = work.then(untilDone, untilDone);
      work = next.catch(() => undefined);
      return next;
    },
    current: () => current,
  };
}
