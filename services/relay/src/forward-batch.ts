import { isOfTrace } from '@guildhall/chassis/trace-context';
import { ForwardBatch, ForwardKind, type TracedForward } from '@guildhall/proto/gen/guildhall/bus/v1/forward';

/** Ids that become subject tokens, Map keys and parts of a branch. */
const idShape = /^[A-Za-z0-9_-]{1,64}$/;
const epochShape = /^[A-Za-z0-9]{1,32}$/;
/** "address:port", or "host:port" of a proxy that a relay dialled: a name has 253 characters at most. */
const sourceShape = /^[0-9A-Za-z.:[\]%_-]{0,320}$/;

/** Longest Record-Route value taken, characters: two URIs, each with a token of 192 and a host of 253. */
const longestRecordRoute = 1024;

/**
 * A batch of forwards from the bus, every column checked against the others and every table against its grammar, or
 * undefined: then nothing of it can be trusted to mean what it says. Entries may be of a kind that only a newer version knows.
 */
export function readForwards(payload: Uint8Array): ForwardBatch | undefined {
  let batch: ForwardBatch;
  try {
    batch = ForwardBatch.decode(payload);
  } catch {
    return undefined;
  }
  if (!isWhole(batch)) return undefined;
  // What is wrong with a trace is no reason to let a request fall.
  if (batch.traced.length > 0) batch.traced = batch.traced.filter((traced) => isTraced(traced, batch.kind.length));
  return batch;
}

function isTraced(traced: TracedForward, count: number): boolean {
  return traced.entry < count && isOfTrace(traced);
}

function isWhole(batch: ForwardBatch): boolean {
  const count = batch.kind.length;
  if (!idShape.test(batch.ingress) || !epochShape.test(batch.epoch)) return false;
  if (!batch.members.every((id) => idShape.test(id)) || !batch.sources.every((text) => sourceShape.test(text))) return false;
  if (!batch.recordRoutes.every(isFieldValue)) return false;
  const columns = [batch.transaction, batch.member, batch.recordRoute, batch.source, batch.loop, batch.wait, batch.length];
  if (columns.some((column) => column.length !== count)) return false;
  let bytes = 0;
  for (let i = 0; i < count; i += 1) {
    const length = batch.length[i] ?? 0;
    if (length === 0 || batch.kind[i] === ForwardKind.UNSPECIFIED) return false;
    if ((batch.member[i] ?? 0) >= batch.members.length || (batch.recordRoute[i] ?? 0) > batch.recordRoutes.length) return false;
    if ((batch.source[i] ?? 0) >= batch.sources.length) return false;
    bytes += length;
  }
  return bytes === batch.wire.length;
}

/** Printable ASCII on one line: it is written into a header as it is. */
function isFieldValue(text: string): boolean {
  return text !== '' && text.length <= longestRecordRoute && /^[\x20-\x7e]+$/.test(text);
}
