import { X509Certificate } from 'node:crypto';
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
}

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
      const { subject, fingerprint256 } = new X509Certificate(pem);
      return [{ owner: found?.owner ?? '', name: comparable(subject ?? ''), fingerprint: fingerprint256 }];
    } catch {
      // Told by `pemProblems`.
      return [];
    }
  });
}

/**
 * What is wrong with authorities that a change brings in: one that bears the name of somebody else's and is another certificate. OpenSSL is given
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
  const problems = brought.flatMap(({ owner, name, fingerprint }) =>
    (byName.get(name) ?? [])
      .filter((other) => other.owner !== owner && other.fingerprint !== fingerprint)
      .map(
        (other) =>
          `${owner}: an authority of ${other.owner} bears the name of this one and is another certificate: give it a name of its own`,
      ),
  );
  return [...new Set(problems)];
}
