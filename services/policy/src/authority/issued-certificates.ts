import { createHash } from 'node:crypto';
import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { type KeyValue, type KeyValueEntry, KeyValueError } from '@guildhall/chassis/key-value';
import { IssuedCertificate } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { certificateKey } from '@guildhall/proto/subjects';
import { storeFault } from '../api/store-fault.js';

/** The certificates that the community's authority issued or that were made known, as the bucket `certificates` has them. */
export interface IssuedCertificates {
  get(serial: string): IssuedCertificate | undefined;
  /** In no particular order. */
  all(): Iterable<IssuedCertificate>;
  ofMember(member: string): readonly IssuedCertificate[];
  /** Certificates with this public key (SPKI SHA-256, lower-case hex). */
  withKey(spki: string): readonly IssuedCertificate[];
  /** This very certificate (DER), if it is on file. */
  find(shown: { readonly raw: Uint8Array; readonly spki: string }): IssuedCertificate | undefined;
  size(): number;
  /** Files a new one. Rejects with an ApiFault: `exists`, `limit`, `unavailable`. */
  add(certificate: IssuedCertificate): Promise<void>;
  /** Marks one as revoked; one that is already stays as it is. Rejects with an ApiFault: `not-found`, `unavailable`. */
  revoke(serial: string, reason: string, when: string): Promise<IssuedCertificate>;
  /** Takes those out that ended before this time, ms since 1970. Resolves to how many. */
  forgetEnded(before: number): Promise<number>;
  stop(): void;
}

/** Whether a certificate may be used at this time (ms since 1970): it is not revoked and in date. */
export function isGood({ revoked, validFrom, validUntil }: IssuedCertificate, now: number): boolean {
  return revoked === '' && now >= Date.parse(validFrom) && now <= Date.parse(validUntil);
}

/** What the registry tells. */
export interface CertificatesListener {
  /** Something was filed, revoked or taken out, by whomever. */
  changed(): void;
  certificateUnusable(key: string, why: string): void;
}

const maxValueBytes = 64 * 1024;
/** How often one key may be changed by others under our hands. */
const attempts = 20;
/** At most so many are taken out in one go. */
const forgottenAtOnce = 200;

/** Reads a value of the bucket, or says in a few words why it cannot be used. */
function decode({ key, value }: KeyValueEntry): IssuedCertificate | string {
  if (value.length > maxValueBytes) return `is larger than ${maxValueBytes} bytes`;
  try {
    const certificate = IssuedCertificate.decode(value);
    if (certificate.serial !== key) return 'stands under a key that is not its own';
    const { validFrom, validUntil, revoked } = certificate;
    // A date that is none would compare as neither before nor after.
    const dates = revoked === '' ? [validFrom, validUntil] : [validFrom, validUntil, revoked];
    return dates.some((date) => Number.isNaN(Date.parse(date))) ? 'has a date that cannot be read' : certificate;
  } catch {
    return 'is no certificate entry';
  }
}

function conflict(thrown: unknown): boolean {
  return thrown instanceof KeyValueError && thrown.code === 'conflict';
}

function unavailable(thrown: unknown): ApiFault {
  return storeFault(thrown, 'The certificates cannot be read or written', 'try again');
}

/** Follows the bucket. `most` bounds how many are kept. Rejects with a KeyValueError when it cannot be read. */
export async function followCertificates(bucket: KeyValue, most: number, listener: CertificatesListener): Promise<IssuedCertificates> {
  const known = new Map<string, { readonly certificate: IssuedCertificate; readonly revision: number }>();
  const byMember = new Map<string, Set<string>>();
  const byKey = new Map<string, Set<string>>();

  const index = (map: Map<string, Set<string>>, key: string, serial: string, present: boolean): void => {
    const serials = map.get(key) ?? new Set<string>();
    if (present) serials.add(serial);
    else serials.delete(serial);
    if (serials.size === 0) map.delete(key);
    else map.set(key, serials);
  };
  const take = (serial: string, certificate: IssuedCertificate | undefined, revision: number): void => {
    const before = known.get(serial);
    if (before !== undefined && before.revision >= revision) return;
    if (before !== undefined) {
      index(byMember, before.certificate.member, serial, false);
      index(byKey, before.certificate.spki, serial, false);
      known.delete(serial);
    }
    if (certificate === undefined) return;
    known.set(serial, { certificate, revision });
    index(byMember, certificate.member, serial, true);
    index(byKey, certificate.spki, serial, true);
  };
  const pick = (serials: Iterable<string> = []): IssuedCertificate[] =>
    [...serials].flatMap((serial) => known.get(serial)?.certificate ?? []);

  const stop = await bucket.watch({
    entry(entry) {
      const read = entry.deleted ? undefined : decode(entry);
      if (typeof read === 'string') listener.certificateUnusable(entry.key, read);
      take(entry.key, typeof read === 'string' ? undefined : read, entry.revision);
      listener.changed();
    },
    current: () => undefined,
  });

  return {
    get: (serial) => known.get(serial)?.certificate,
    *all() {
      for (const { certificate } of known.values()) yield certificate;
    },
    ofMember: (member) => pick(byMember.get(member)),
    withKey: (spki) => pick(byKey.get(spki)),
    find({ raw, spki }) {
      const fingerprint = createHash('sha256').update(raw).digest('hex');
      return pick(byKey.get(spki)).find((one) => one.fingerprint === fingerprint);
    },
    size: () => known.size,
    async add(certificate) {
      if (known.size >= most) {
        throw new ApiFault('limit', `The hub keeps no more than ${most} certificates.`, 'raise authority.certificates of policy');
      }
      try {
        const revision = await bucket.create(certificateKey(certificate.serial), IssuedCertificate.encode(certificate).finish());
        take(certificate.serial, certificate, revision);
      } catch (thrown) {
        if (conflict(thrown)) throw new ApiFault('exists', `The certificate ${certificate.serial} is known already.`);
        throw unavailable(thrown);
      }
    },
    async revoke(serial, reason, when) {
      for (let left = attempts; ; left -= 1) {
        try {
          const entry = await bucket.get(certificateKey(serial));
          const read = entry === undefined ? undefined : decode(entry);
          if (entry === undefined || read === undefined || typeof read === 'string') {
            throw new ApiFault('not-found', `There is no certificate with the serial number ${serial}.`, 'see guildhall certificate list');
          }
          if (read.revoked !== '') return read;
          const revoked = { ...read, revoked: when, revocationReason: reason };
          const revision = await bucket.put(entry.key, IssuedCertificate.encode(revoked).finish(), { previousRevision: entry.revision });
          take(serial, revoked, revision);
          return revoked;
        } catch (thrown) {
          if (thrown instanceof ApiFault) throw thrown;
          if (!conflict(thrown) || left === 0) throw unavailable(thrown);
        }
      }
    },
    async forgetEnded(before) {
      const ended = [...known.values()].filter(({ certificate }) => Date.parse(certificate.validUntil) < before).slice(0, forgottenAtOnce);
      let forgotten = 0;
      for (const { certificate, revision } of ended) {
        try {
          await bucket.delete(certificateKey(certificate.serial), { previousRevision: revision });
          forgotten += 1;
        } catch (thrown) {
          if (!conflict(thrown)) throw unavailable(thrown);
        }
      }
      return forgotten;
    },
    stop,
  };
}
