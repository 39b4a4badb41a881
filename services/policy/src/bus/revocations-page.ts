import type { RevocationsPage, RevokedBy } from '@guildhall/proto/gen/guildhall/bus/v1/ask';

/** A page is more than its numbers: version, the place of the next page, tags. */
const envelope = 64;
/** Bytes around a list, and around one number of it. */
const perList = 48;
const perSerial = 4;

/** What is revoked, as of one version of the membership. */
export interface Revoked {
  readonly version: bigint;
  /** Serial numbers (hex) by issuer key (hex), see `gatherRevocations`. The same order at every instance. */
  readonly revoked: ReadonlyMap<string, readonly string[]>;
}

/** The page behind `after` serial numbers: at most `maxBytes` encoded, or one number. */
export function revocationsPage({ version, revoked }: Revoked, after: number, maxBytes: number): RevocationsPage {
  const lists: RevokedBy[] = [];
  let place = 0;
  let bytes = envelope;
  for (const [issuer, serials] of revoked) {
    if (place + serials.length <= after) {
      place += serials.length;
      continue;
    }
    const told: RevokedBy = { issuer: Buffer.from(issuer, 'hex'), serials: [] };
    bytes += perList;
    for (const serial of serials.slice(Math.max(0, after - place))) {
      const number = numberOf(serial);
      bytes += number.length + perSerial;
      const many = lists.length + told.serials.length > 0;
      if (bytes > maxBytes && many) {
        if (told.serials.length > 0) lists.push(told);
        return { version, lists, next: after + countOf(lists) };
      }
      told.serials.push(number);
    }
    lists.push(told);
    place += serials.length;
  }
  return { version, lists, next: 0 };
}

function countOf(lists: readonly RevokedBy[]): number {
  return lists.reduce((sum, { serials }) => sum + serials.length, 0);
}

/** Unsigned big-endian without leading zeros. */
function numberOf(serial: string): Buffer {
  const digits = serial.replace(/^0+/, '');
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
}
