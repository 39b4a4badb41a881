import { monotonic } from '@guildhall/chassis/clock';
import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import { oncePer } from '@guildhall/chassis/once-per';

/** What happened around the community's certificates: each fact becomes a count and a log record, here and nowhere else. */
export interface AuthorityEvents {
  /** The authority is known; `issues`: its key is here. */
  authorityOpened(id: string, issues: boolean, validTo: number): void;
  issued(certificate: CertificateFact): void;
  /** Somebody asked for a certificate and did not get one. `why` holds no secret. */
  notIssued(what: 'enrol' | 'renew', source: string, why: string): void;
  revoked(certificate: CertificateFact, reason: string): void;
  registered(certificate: CertificateFact): void;
  listPublished(authority: string, number: bigint, revoked: number, nextUpdate: number): void;
  /** Something in the folder was changed and cannot be used: what was there before stays. */
  folderRefused(why: string): void;
  /** A certificate ends soon (told once a day and certificate). */
  ending(what: EndingFact): void;
  certificateUnusable(key: string, why: string): void;
  doorOpened(address: string, fingerprint: string, validTo: number): void;
  /** The door's new certificate cannot be used: the old one stays. */
  doorCertificateFailed(why: string): void;
  /** A request was answered. `status` is the HTTP status. */
  doorAnswered(status: number): void;
  authorityFailed(what: string, thrown: unknown): void;
}

/** A certificate for a log record. */
export interface CertificateFact {
  readonly serial: string;
  readonly member: string;
  readonly by: string;
  readonly until: string;
}

/** Something that ends. `member` is '' for the hub's own. */
export interface EndingFact {
  readonly holder: 'member' | 'hub' | 'authority';
  readonly member: string;
  readonly serial: string;
  readonly days: number;
}

/** What instruments read besides the counts. */
export interface AuthorityGauges {
  /** Per holder, how many days the certificate that lasts longest has left. */
  daysLeft(): Iterable<EndingFact>;
  certificates(): number;
  /** When the published revocation list ends, ms since 1970; undefined: none is published. */
  listUntil(): number | undefined;
}

/** Registers its instruments with `meters`, which read `gauges` whenever they are shown. */
export function createAuthorityEvents(log: Logger, meters: Meters, gauges: AuthorityGauges): AuthorityEvents {
  let issued = 0;
  let revoked = 0;
  let lists = 0;
  let failures = 0;
  const refused = new Map<string, number>();
  const answered = new Map<number, number>();

  meters.counter('guildhall_policy_certificates_issued', 'Certificates issued by the authority.', () => [[{}, issued]]);
  meters.counter('guildhall_policy_certificates_revoked', 'Certificates revoked.', () => [[{}, revoked]]);
  meters.counter('guildhall_policy_certificates_refused', 'Requests for a certificate that were refused, by kind.', () =>
    [...refused].map(([request, value]) => [{ request }, value] as const),
  );
  meters.counter('guildhall_policy_revocation_lists', 'Revocation lists published.', () => [[{}, lists]]);
  meters.counter('guildhall_policy_enrolment_answers', 'Answers of the enrolment door, by status.', () =>
    [...answered].map(([status, value]) => [{ status: String(status) }, value] as const),
  );
  meters.counter('guildhall_policy_authority_failures', 'Errors of our own around certificates.', () => [[{}, failures]]);
  meters.gauge('guildhall_policy_certificates', 'Certificates that are known, ended and revoked ones included.', () => [
    [{}, gauges.certificates()],
  ]);
  meters.gauge('guildhall_policy_certificate_days_left', 'Days until the last certificate of a holder ends; below 0: it has ended.', () =>
    [...gauges.daysLeft()].map(({ holder, member, days }) => [{ holder, member }, days] as const),
  );
  meters.gauge('guildhall_policy_revocation_list_until_seconds', 'When the published revocation list ends, seconds since 1970.', () => {
    const until = gauges.listUntil();
    return until === undefined ? [] : [[{}, until / 1000] as const];
  });

  // Whoever guesses tokens must not fill the log.
  const refusalsLogged = oncePer(1000, monotonic);
  const isoTime = (ms: number) => new Date(ms).toISOString();
  return {
    authorityOpened: (id, issues, validTo) => log.info({ authority: id, issues, until: isoTime(validTo) }, 'certificate authority opened'),
    issued(certificate) {
      issued += 1;
      log.info(certificate, 'certificate issued');
    },
    notIssued(what, source, why) {
      refused.set(what, (refused.get(what) ?? 0) + 1);
      const times = refusalsLogged();
      if (times > 0) log.warn({ request: what, source, why, times }, 'certificate not issued');
    },
    revoked(certificate, reason) {
      revoked += 1;
      log.warn({ ...certificate, reason }, 'certificate revoked');
    },
    registered: (certificate) => log.info(certificate, 'certificate registered'),
    listPublished(authority, number, count, nextUpdate) {
      lists += 1;
      log.info({ authority, number: String(number), revoked: count, until: isoTime(nextUpdate) }, 'revocation list published');
    },
    folderRefused: (why) => log.error({ why }, 'the changed authority folder cannot be used, what was there stays'),
    ending({ holder, member, serial, days }) {
      const told = days < 0 ? 'a certificate has ended' : 'a certificate ends soon';
      log.warn({ holder, ...(member === '' ? {} : { member }), serial, days }, told);
    },
    certificateUnusable: (key, why) => log.warn({ entry: key, why }, 'an entry of the certificates is left out'),
    doorOpened: (address, fingerprint, validTo) => log.info({ address, fingerprint, until: isoTime(validTo) }, 'enrolment door open'),
    doorCertificateFailed: (why) => log.error({ why }, "the enrolment door's new certificate cannot be used, the old one stays"),
    doorAnswered(status) {
      answered.set(status, (answered.get(status) ?? 0) + 1);
    },
    authorityFailed(what, thrown) {
      failures += 1;
      log.error({ what, err: thrown }, 'failed');
    },
  };
}
