import { folderState, type OpenAuthority, openAuthorityFolder } from '@guildhall/chassis/authority/folder';
import { serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import type { Bus } from '@guildhall/chassis/bus';
import { faultFrom } from '@guildhall/chassis/fault';
import type { KeyValue } from '@guildhall/chassis/key-value';
import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import { buckets } from '@guildhall/proto/subjects';
import type { AccessTokens } from '../api/access-tokens.js';
import type { AuthorityHandlers } from '../api/api-handlers.js';
import type { PolicyConfig } from '../config.js';
import type { Entries } from '../decision/compile.js';
import type { Membership } from '../decision/membership.js';
import { type AuthorityEvents, createAuthorityEvents } from './authority-events.js';
import { authorityHandlers } from './authority-handlers.js';
import { createExpiryWatch, daysLeft, type OwnCertificate } from './certificate-expiry.js';
import { followCertificates, type IssuedCertificates } from './issued-certificates.js';
import { publishAuthority } from './published-authority.js';

/** The community's certificates, as this instance keeps them. */
export interface KeptAuthority {
  readonly handlers: AuthorityHandlers;
  readonly certificates: IssuedCertificates;
  readonly events: AuthorityEvents;
  /** Looks at once whether something is due. Never rejects: a failure is told as an event and tried again. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** What it is made from. */
export interface KeepingNeeds {
  readonly bus: Pick<Bus, 'keyValue'>;
  /** The bucket `membership`. */
  readonly bucket: KeyValue;
  membership(): Membership | undefined;
  entries(): Entries | undefined;
  readonly tokens: AccessTokens;
  readonly log: Logger;
  readonly meters: Meters;
  /** ms since 1970. */
  wall(): number;
  /** The hub's own certificates that this instance serves. */
  hubCertificates(): Iterable<OwnCertificate>;
}

const day = 86_400_000;
/** What ended so long ago is not kept. */
const keptAfterEnd = 30 * day;
const surveyEvery = 60_000;

/** Where members enrol, as they are told. */
function doorUrl({ enrolment }: PolicyConfig, membership: Membership | undefined): string {
  if (enrolment === undefined) return '';
  if (enrolment.url !== undefined) return enrolment.url;
  return membership === undefined || enrolment.port === 0 ? '' : `https://${membership.community.domain}:${enrolment.port}`;
}

/**
 * Opens the authority's folder (if there is one) and the registry of certificates, publishes certificate and revocation list
 * once there is a community, and keeps both up: by half of a list's time there is another, and a revocation is published
 * at once. Rejects with a Fault or a KeyValueError.
 */
export async function keepAuthority(config: PolicyConfig, needs: KeepingNeeds): Promise<KeptAuthority> {
  const { folder, days, perMember, crlDays, warnDays, certificates: most, check: everyMs } = config.authority;
  const { wall } = needs;
  let state = folder === undefined ? '' : folderState(folder);
  let open: OpenAuthority | undefined = folder === undefined ? undefined : await openAuthorityFolder(folder);
  let registry: IssuedCertificates | undefined;
  let due = true;

  const own = (): OwnCertificate[] => {
    const authority = open?.certificate;
    const serial = authority === undefined ? '' : serialNumberOf(authority.certificate);
    return [
      ...needs.hubCertificates(),
      ...(authority === undefined ? [] : [{ holder: 'authority' as const, serial, validTo: authority.validTo }]),
    ];
  };
  const all = () => registry?.all() ?? [];
  const events = createAuthorityEvents(needs.log, needs.meters, {
    daysLeft: () => daysLeft(all(), own(), wall()),
    certificates: () => registry?.size() ?? 0,
    listUntil: () => publisher?.current()?.list?.nextUpdate,
  });
  const opened = (now: OpenAuthority) => events.authorityOpened(now.certificate.id, now.signing !== undefined, now.certificate.validTo);
  if (open !== undefined) opened(open);
  const first = open;
  const publisher =
    first === undefined
      ? undefined
      : publishAuthority({
          bucket: needs.bucket,
          authority: () => open ?? first,
          certificates: all,
          wall,
          listLasts: crlDays * day,
          published: events.listPublished,
          outdated: events.folderRefused,
        });

  const certificates = await followCertificates(await needs.bus.keyValue(buckets.certificates, { history: 5 }), most, {
    changed() {
      due = true;
    },
    certificateUnusable: events.certificateUnusable,
  });
  registry = certificates;

  const reopen = async (path: string): Promise<void> => {
    const now = folderState(path);
    if (now === state) return;
    state = now;
    try {
      open = await openAuthorityFolder(path);
      opened(open);
      due = true;
    } catch (thrown) {
      events.folderRefused(faultFrom(thrown).message);
    }
  };

  /** What a list names that was made by hand is on file as revoked too. */
  const takeOver = async (): Promise<void> => {
    for (const { serial, at, reason } of publisher?.current()?.list?.revoked ?? []) {
      if (certificates.get(serial)?.revoked === '') await certificates.revoke(serial, reason, new Date(at).toISOString());
    }
  };

  /** The entry may be gone, or another's hand in it: what is in force is compared, the bucket is read only where it differs. */
  const differs = (): boolean => {
    const current = publisher?.current();
    if (current === undefined || due) return true;
    const inForce = needs.entries()?.authorities.find(({ id }) => id === current.entry.id);
    const { list } = current;
    const half = list === undefined ? 0 : list.thisUpdate + (list.nextUpdate - list.thisUpdate) / 2;
    return inForce?.revocationList !== current.entry.revocationList || (open?.signing !== undefined && wall() >= half);
  };

  const warn = createExpiryWatch(warnDays, events.ending);
  let surveyed = Number.NEGATIVE_INFINITY;
  /** What walks through all certificates is not done at every look. */
  const survey = async (): Promise<void> => {
    if (wall() - surveyed < surveyEvery) return;
    surveyed = wall();
    warn(all(), own(), surveyed);
    await certificates.forgetEnded(surveyed - keptAfterEnd);
  };
  const look = async (): Promise<void> => {
    if (folder !== undefined) await reopen(folder);
    // An authority without a community would keep an empty bucket from being filled.
    if (publisher !== undefined && needs.entries() !== undefined && differs()) {
      due = false;
      await publisher.publish();
      await takeOver();
    }
    await survey();
  };
  let working: Promise<void> | undefined;
  const check = (): Promise<void> => {
    working ??= look()
      .catch((thrown: unknown) => {
        due = true;
        events.authorityFailed('keeping the certificate authority', thrown);
      })
      .finally(() => {
        working = undefined;
      });
    return working;
  };
  await check();
  const timer = setInterval(() => void check(), everyMs);

  return {
    handlers: authorityHandlers({
      ...needs,
      certificates,
      events,
      terms: { days, perMember },
      authority: () => open,
      publish: async () => publisher?.publish(),
      doorUrl: () => doorUrl(config, needs.membership()),
    }),
    certificates,
    events,
    check,
    async close() {
      clearInterval(timer);
      certificates.stop();
      await working;
    },
  };
}
