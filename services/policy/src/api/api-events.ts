import type { AuditFact } from '@guildhall/chassis/audit-chain';
import { monotonic } from '@guildhall/chassis/clock';
import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import { oncePer } from '@guildhall/chassis/once-per';
import type { AuditEntry } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { printable } from '@guildhall/proto/sip/escape';

/** What happened at the API: each fact becomes a count and, where it is rare, a log record, here and nowhere else. */
export interface ApiEvents {
  /** A call was answered; `code` is the name of the gRPC status. */
  answered(name: string, code: string): void;
  /** A call was turned away before its request was read. */
  turnedAway(path: string, source: string, why: string): void;
  /** A call was not allowed. */
  refused(name: string, who: string, source: string, why: string, audited: boolean): void;
  /** A connection did not come about. */
  notConnected(source: string, why: string): void;
  /** `hash` is told so that the log is a witness of where the chain stood. */
  audited(entry: AuditEntry, hash: string): void;
  unaudited(fact: AuditFact, thrown: unknown): void;
  tokenUnusable(key: string): void;
  /** Another certificate is shown from now on. */
  certificateServed(fingerprint: string, validTo: number): void;
  /** A new certificate or token file cannot be used: the old one stays. */
  notReloaded(what: string, why: string): void;
}

/** The gauges are read when the figures are; times in ms. */
export function createApiEvents(log: Logger, meters: Meters, gauges: { certificateEnds(): number | undefined; wall(): number }): ApiEvents {
  const calls = new Map<string, number>();
  const refusals = { credentials: 0, scope: 0, connection: 0 };
  const audit = { written: 0, failed: 0 };
  const reloads = { served: 0, failed: 0 };
  const logTurned = oncePer(1000, monotonic);
  const logRefused = oncePer(1000, monotonic);
  const logConnection = oncePer(1000, monotonic);

  meters.counter('guildhall_policy_api_calls', 'Calls of the API that were answered, by method and status.', () =>
    [...calls].map(([key, value]) => {
      const [method = '', status = ''] = key.split(' ');
      return [{ method, status }, value];
    }),
  );
  meters.counter('guildhall_policy_api_refusals', 'Calls and connections that were not let in, by what was wrong.', () =>
    Object.entries(refusals).map(([why, value]) => [{ why }, value]),
  );
  meters.counter('guildhall_policy_audit_entries', 'Entries of the audit log, by whether they could be written.', () =>
    Object.entries(audit).map(([result, value]) => [{ result }, value]),
  );
  meters.counter('guildhall_policy_api_reloads', 'Certificates and token files of the API taken up, and those that could not be.', () =>
    Object.entries(reloads).map(([result, value]) => [{ result }, value]),
  );
  meters.gauge('guildhall_policy_api_certificate_seconds_left', 'Seconds until the certificate of the gRPC port ends.', () => {
    const ends = gauges.certificateEnds();
    return ends === undefined ? [] : [[{}, Math.round((ends - gauges.wall()) / 1000)]];
  });

  return {
    answered(name, code) {
      const key = `${name} ${code}`;
      calls.set(key, (calls.get(key) ?? 0) + 1);
    },
    turnedAway(path, source, why) {
      refusals.credentials += 1;
      const times = logTurned();
      if (times > 0) log.warn({ method: printable(path, 120), source, why, times }, 'a call of the API was turned away');
    },
    refused(name, who, source, why, audited) {
      refusals.scope += 1;
      const times = logRefused();
      if (times > 0) log.warn({ method: name, who, source, why, audited, times }, 'a call of the API was refused');
    },
    notConnected(source, why) {
      refusals.connection += 1;
      const times = logConnection();
      if (times > 0) log.warn({ source, why: printable(why, 200), times }, 'a connection to the gRPC port did not come about');
    },
    audited({ place, who, source, method, subject, outcome, version }, hash) {
      audit.written += 1;
      log.info({ place: Number(place), who, source, method, subject, outcome, version: Number(version), hash }, 'audited');
    },
    unaudited({ who, method, subject }, thrown) {
      audit.failed += 1;
      log.error({ who, method, subject, err: thrown }, 'the audit log cannot be written');
    },
    tokenUnusable: (key) => log.warn({ entry: printable(key, 80) }, 'an entry of the access tokens is left out'),
    certificateServed(fingerprint, validTo) {
      reloads.served += 1;
      log.info({ fingerprint, validTo: new Date(validTo).toISOString() }, 'the gRPC port shows this certificate');
    },
    notReloaded(what, why) {
      reloads.failed += 1;
      log.error({ what, why }, 'cannot be used: the old one stays');
    },
  };
}
