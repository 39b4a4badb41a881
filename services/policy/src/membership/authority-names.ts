import { X509Certificate } from 'node:crypto';
import { derTag, readElement, readElements } from '@guildhall/chassis/authority/der';
import { splitCertificates } from '@guildhall/proto/community/entries';
import type { EntryBody } from './bucket-entry.js';
import type { Write } from './change-plan.js';
import type { Snapshot } from './table.js';

/** An authority of somebody's, as OpenSSL finds it: by its name. */
interface Named {
  /** "the community" or "member acme". */
  readonly owner: string;
  readonly name: string;
  readonly fingerprint: string;
  /** Its name as a list of authorities has it. */
  readonly bytes: number;
}

/** Longest name of an authority, bytes: room is shared. */
const longestName = 1024;
/**
 * All names together, bytes. Node has OpenSSL name every authority when it asks for a certificate (RFC 8446 4.2.4), and where that list gets longer
 * than 2^16 no handshake of the hub succeeds any more.
 */
const longestList = 60_000;

/** PEM texts of the authorities of an entry, and whose they are; undefined where the entry is of a kind that has none. */
function authoritiesOf(body: EntryBody): { owner: string; pems: readonly string[] } | undefined {
  switch (body.$case) {
    case 'community':
      return { owner: 'the community', pems: [...body.value.anchors, ...(body.value.discovery?.anchors ?? [])] };
    case 'authority':
      return { owner: 'the community', pems: [body.value.certificate] };
    case 'member':
      return { owner: `member ${body.value.id}`, pems: body.value.anchors };
    default:
      return undefined;
  }
}

/** As OpenSSL compares names (X509_NAME_cmp): letter case and runs of spaces do not count. */
function comparable(subject: string): string {
  return subject
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim().toLowerCase())
    .join('\n');
}

function namedIn(body: EntryBody): Named[] {
  const found = authoritiesOf(body);
  return (found?.pems ?? []).flatMap(splitCertificates).flatMap((pem) => {
    try {
      const { subject, fingerprint256, raw } = new X509Certificate(pem);
      return [{ owner: found?.owner ?? '', name: comparable(subject ?? ''), fingerprint: fingerprint256, bytes: nameBytes(raw) }];
    } catch {
      // Told by `pemProblems`.
      return [];
    }
  });
}

/** Bytes of a certificate's subject in a list of names, its length included. Throws a RangeError for what is none. */
function nameBytes(raw: Uint8Array): number {
  const whole = readElement(raw, 0, raw.length);
  const signed = readElement(raw, whole.body, whole.end);
  // RFC 5280 4.1: version (may be missing), serial number, signature, issuer, validity, subject.
  const fields = [...readElements(raw, signed.body, signed.end)];
  const subject = fields[fields[0]?.tag === derTag.context0 ? 5 : 4];
  return subject === undefined ? 0 : subject.end - subject.start + 2;
}

/** What keeps the names from being listed in a handshake. */
function listProblems(brought: readonly Named[], all: Iterable<readonly Named[]>): string[] {
  const tooLong = brought.find(({ bytes }) => bytes > longestName);
  if (tooLong !== undefined) return [`${tooLong.owner}: the name of an authority is longer than ${longestName} bytes`];
  const distinct = new Map([...all].flat().map(({ fingerprint, bytes }) => [fingerprint, bytes]));
  const bytes = [...distinct.values()].reduce((sum, one) => sum + one, 0);
  if (bytes <= longestList) return [];
  return [
    `the names of all ${distinct.size} authorities take ${bytes} bytes, and a TLS handshake has room for ${longestList}: let members use the community's authority, or pin their keys`,
  ];
}

/**
 * What is wrong with authorities that a change brings in: names for which a handshake has no room; and one that bears the name of somebody else's and is another certificate. OpenSSL is given
 * all of them and looks for an issuer by its name, so that the one would be taken for the other, and whoever the other vouches for be turned
 * away. The very same certificate may vouch for several members. `after`: the membership with the change made.
 */
export function authorityNameProblems(after: Snapshot, writes: readonly Write[]): string[] {
  // What stands there already keeps nobody from changing something else of the same entry.
  const brought = writes.flatMap(({ body, before }) => {
    const there = new Set((before === undefined ? [] : namedIn(before.body)).map(({ fingerprint }) => fingerprint));
    return body === undefined ? [] : namedIn(body).filter(({ fingerprint }) => !there.has(fingerprint));
  });
  if (brought.length === 0) return [];
  const byName = new Map<string, Named[]>();
  for (const { body } of after.stored.values()) {
    for (const named of namedIn(body)) byName.set(named.name, [...(byName.get(named.name) ?? []), named]);
  }
  const problems = listProblems(brought, byName.values());
  const twins = brought.flatMap(({ owner, name, fingerprint }) =>
    (byName.get(name) ?? [])
      .filter((other) => other.owner !== owner && other.fingerprint !== fingerprint)
      .map(
        (other) =>
          `${owner}: an authority of ${other.owner} bears the name of this one and is another certificate: give it a name of its own`,
      ),
  );
  return [...new Set([...problems, ...twins])];
}
