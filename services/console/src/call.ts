import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { StreamReader } from '@guildhall/chassis/stream-reader';
import { KeptBatch, type KeptMessage } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { GetCallRequest, GetCallResponse, MessageHead } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { RoutingRecord } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { longestCallId } from '@guildhall/proto/records/read-batch';
import { streams } from '@guildhall/proto/subjects';
import { emptyFilter, type Search } from './search.js';

/** Everything that is known of one Call-ID. */
export type Call = (request: GetCallRequest, signal: AbortSignal) => Promise<GetCallResponse>;

const dayMs = 86_400_000;
const mostRecords = 1000;
/** Bytes of heads in one answer. */
const mostBytes = 2 * 1024 * 1024;
/** Messages of the stream KEPT that are looked at. */
const mostLooked = 200_000;

/** `wall` is ms since 1970. */
export function createCall(reader: Pick<StreamReader, 'facts' | 'placeAt' | 'read'>, search: Search, wall: () => number): Call {
  return async (request, signal) => {
    const since = request.since === 0n ? BigInt(Math.max(0, wall() - dayMs)) : request.since;
    const records: RoutingRecord[] = [];
    let whole = true;
    const filter = { ...emptyFilter, callId: request.callId };
    let found = 0;
    for await (const answer of search({ filter, since, until: 0n, limit: mostRecords }, signal)) {
      records.push(...answer.records);
      found += answer.records.length;
      // A limit ended it before it had come to `since`.
      if (answer.done) whole = found < mostRecords && answer.searchedTo <= since;
    }
    const heads = await headsOf(reader, { callId: request.callId, since: Number(since) }, signal);
    records.sort((a, b) => Number(a.at - b.at));
    return { records, messages: heads.messages, more: !whole || heads.more };
  };
}

async function headsOf(
  reader: Pick<StreamReader, 'facts' | 'placeAt' | 'read'>,
  { callId, since }: { readonly callId: string; readonly since: number },
  signal: AbortSignal,
): Promise<{ messages: MessageHead[]; more: boolean }> {
  const wanted = callId.slice(0, longestCallId);
  const needle = Buffer.from(wanted);
  const messages: MessageHead[] = [];
  let bytes = 0;
  let more = false;
  const keep = (message: KeptMessage): void => {
    if (message.callId.slice(0, longestCallId) !== wanted || Number(message.at) < since) return;
    bytes += message.head.length;
    if (bytes > mostBytes) more = true;
    else messages.push(headOf(message));
  };
  const look = ({ payload }: { readonly payload: Uint8Array }): void => {
    if (more || !Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(needle)) return;
    for (const message of readKept(payload)) keep(message);
  };
  try {
    const facts = await reader.facts(streams.kept);
    if (facts === undefined || facts.messages === 0) return { messages, more };
    const from = Math.max(await reader.placeAt(streams.kept, since), facts.last - mostLooked + 1, facts.first);
    await reader.read(streams.kept, { from, to: facts.last }, look, signal);
  } catch (thrown) {
    throw new ApiFault('unavailable', 'JetStream of NATS does not answer', 'ask again in a while', thrown);
  }
  messages.sort((a, b) => Number(a.at - b.at));
  return { messages, more };
}

function readKept(payload: Uint8Array): KeptMessage[] {
  try {
    return KeptBatch.decode(payload).messages;
  } catch {
    return [];
  }
}

function headOf({ at, ingress, member, inbound, source, head, bodyBytes, why }: KeptMessage): MessageHead {
  return { at, ingress, member, inbound, source, head: textOf(head), bodyBytes, why };
}

/** As UTF-8, or where it is none, octet by octet. */
function textOf(head: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(head);
  } catch {
    return Buffer.from(head).toString('latin1');
  }
}
