import { monotonic } from '@guildhall/chassis/clock';
import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import { oncePer } from '@guildhall/chassis/once-per';
import { printable } from '@guildhall/proto/sip/escape';
import type { AccessResult } from './access.js';

/** Which door. */
export type DoorName = 'grpc' | 'http';

/** What happened at the doors: each fact becomes a count and, where it is rare, a log record, here and nowhere else. */
export interface DoorEvents {
  /** A call was answered; `code` is a gRPC status by name, or an HTTP status. */
  answered(door: DoorName, name: string, code: string): void;
  /** A call was turned away before its request was looked at. */
  turnedAway(door: DoorName, path: string, source: string, why: string): void;
  /** A connection did not come about. */
  notConnected(door: DoorName, source: string, why: string): void;
  /** Policy was asked who somebody is. */
  asked(result: AccessResult): void;
  certificateServed(door: DoorName, fingerprint: string, validTo: number): void;
  /** A new certificate cannot be used: the old one stays. */
  notReloaded(door: DoorName, why: string): void;
  failed(what: string, thrown: unknown): void;
}

/** Read when the figures are. */
export interface DoorGauges {
  /** When the certificate of a door ends, ms since 1970. */
  certificateEnds(): Iterable<readonly [DoorName, number]>;
  streams(): number;
  wall(): number;
}

/** Registers its instruments with `meters`. */
export function createDoorEvents(log: Logger, meters: Meters, gauges: DoorGauges): DoorEvents {
  const calls = new Map<string, number>();
  const refusals = new Map<string, number>();
  const questions: Record<AccessResult, number> = { known: 0, refused: 0, unanswered: 0, limited: 0 };
  let failures = 0;
  const logTurned = oncePer(1000, monotonic);
  const logConnection = oncePer(1000, monotonic);
  const logFailed = oncePer(1000, monotonic);
  const countUp = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

  meters.counter('guildhall_console_api_calls', 'Calls of the metrics API that were answered, by door, method and status.', () =>
    [...calls].map(([key, value]) => {
      const [door = '', method = '', status = ''] = key.split(' ');
      return [{ door, method, status }, value];
    }),
  );
  meters.counter('guildhall_console_api_refusals', 'Calls and connections that were not let in, by door and by what was wrong.', () =>
    [...refusals].map(([key, value]) => {
      const [door = '', why = ''] = key.split(' ');
      return [{ door, why }, value];
    }),
  );
  meters.counter('guildhall_console_access_questions', 'Questions to policy who somebody is, by what became of them.', () =>
    Object.entries(questions).map(([result, value]) => [{ result }, value]),
  );
  meters.counter('guildhall_console_api_failures', 'Errors of our own at the doors.', () => [[{}, failures]]);
  meters.gauge('guildhall_console_api_streams', 'Streams that are open, at both doors.', () => [[{}, gauges.streams()]]);
  meters.gauge('guildhall_console_api_certificate_seconds_left', 'Seconds until the certificate of a door ends.', () =>
    [...gauges.certificateEnds()].map(([door, ends]) => [{ door }, Math.round((ends - gauges.wall()) / 1000)]),
  );

  return {
    answered: (door, name, code) => countUp(calls, `${door} ${name} ${code}`),
    turnedAway(door, path, source, why) {
      countUp(refusals, `${door} credentials`);
      const times = logTurned();
      if (times > 0) log.warn({ door, method: printable(path, 120), source, why, times }, 'a call of the metrics API was turned away');
    },
    notConnected(door, source, why) {
      countUp(refusals, `${door} connection`);
      const times = logConnection();
      if (times > 0) log.warn({ door, source, why: printable(why, 200), times }, 'a connection did not come about');
    },
    asked(result) {
      questions[result] += 1;
    },
    certificateServed: (door, fingerprint, validTo) =>
      log.info({ door, fingerprint, validTo: new Date(validTo).toISOString() }, 'the door shows this certificate'),
    notReloaded: (door, why) => log.error({ door, why }, 'the certificate of the door cannot be used: the old one stays'),
    failed(what, thrown) {
      failures += 1;
      const times = logFailed();
      if (times > 0) log.error({ what, err: thrown, times }, 'failed');
    },
  };
}
