import { type AuditFact, auditHash, type ChainHead, chainEntry, chainStart } from '@guildhall/chassis/audit-chain';
import { type Journal, JournalError } from '@guildhall/chassis/journal';
import { AuditEntry, type ListAuditResponse } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { storeFault } from './store-fault.js';

/** The audit log of the hub: one chain that all instances of policy add to. */
export interface Audit {
  /** Adds an entry and resolves to its place once it is on disk. Rejects with an ApiFault `unavailable`. */
  write(fact: AuditFact): Promise<bigint>;
  /** Entries from a place on, oldest first. */
  list(from: number, most: number, signal?: AbortSignal): AsyncIterable<ListAuditResponse>;
}

/** Told of the log: what was added, with its place and hash, so that a witness outside of NATS knows the head; or that it could not be. */
export interface AuditListener {
  audited(entry: AuditEntry, hash: string): void;
  unaudited(fact: AuditFact, thrown: unknown): void;
}

/** Others add at the same time; each round somebody gets in. */
const tries = 50;
const pageSize = 256;

/** Opens the log over its journal. */
export function createAudit(journal: Journal, listener: AuditListener): Audit {
  let head: ChainHead | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const readHead = async (): Promise<ChainHead> => {
    const record = await journal.last();
    return record === undefined ? chainStart : { place: record.place, hash: auditHash(record.value) };
  };
  const append = async (fact: AuditFact): Promise<bigint> => {
    for (let left = tries; ; left -= 1) {
      head ??= await readHead();
      const { entry, encoded, hash } = chainEntry(fact, head);
      try {
        const place = await journal.append(encoded, head.place);
        head = { place, hash };
        listener.audited(entry, Buffer.from(hash).toString('hex'));
        return entry.place;
      } catch (thrown) {
        // Also after a failure of another kind it is not known whether it was stored.
        head = undefined;
        if (left === 0 || !(thrown instanceof JournalError && thrown.code === 'conflict')) throw thrown;
      }
    }
  };

  return {
    write(fact) {
      // One after the other, since each carries the hash of the one before.
      const written = last.then(() => append(fact));
      last = written.catch(() => undefined);
      return written.catch((thrown: unknown) => {
        listener.unaudited(fact, thrown);
        throw storeFault(thrown, 'Nothing is changed, since the audit log cannot be written', 'try again');
      });
    },
    async *list(from, most, signal) {
      const read = <T>(reading: Promise<T>): Promise<T> =>
        reading.catch((thrown: unknown) => {
          throw storeFault(thrown, 'The audit log cannot be read', 'try again');
        });
      const first = Math.max(1, from);
      const end = Math.min((await read(journal.last()))?.place ?? 0, first + most - 1);
      for (let at = first; at <= end && signal?.aborted !== true; at += pageSize) {
        for (const { value } of await read(journal.read(at, Math.min(pageSize, end - at + 1)))) {
          yield { entry: decoded(value), hash: Buffer.from(auditHash(value)), encoded: Buffer.from(value) };
        }
      }
    },
  };
}

/** An entry that cannot be read is told without: the check of the chain says what is wrong with it. */
function decoded(value: Uint8Array): AuditEntry | undefined {
  try {
    return AuditEntry.decode(value);
  } catch {
    return undefined;
  }
}
