import { readOutcomes } from '@guildhall/ingress/outcomes';
import { readWires } from '@guildhall/ingress/wires';
import { ForwardBatch, ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { Presence, WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { readForwards } from '@guildhall/relay/forward-batch';
import { createPresenceTable } from '@guildhall/relay/presence';
import { eachWire, readWires as readRelayWires } from '@guildhall/relay/wire-batch';
import { promise } from '../target.js';

/** One message of the bus as its reader takes it. */
export interface BusReader {
  readonly name: string;
  /** Sound messages, encoded. */
  readonly seeds: readonly Uint8Array[];
  /** Reads bytes that claim to be one; says in a word what came of it. */
  take(payload: Uint8Array): string;
}

const idToken = /^[A-Za-z0-9_-]{1,64}$/;
const message = Buffer.from('OPTIONS sip:hub.example SIP/2.0\r\nContent-Length: 0\r\n\r\n');
const other = Buffer.from('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
const both = Buffer.concat([message, other]);

const forwards: BusReader = {
  name: 'ForwardBatch',
  seeds: [
    ForwardBatch.encode(
      ForwardBatch.fromPartial({
        ingress: 'ingress-1',
        epoch: 'e1',
        again: false,
        members: ['acme', 'bolt'],
        recordRoutes: ['<sip:g1.k.acme.bolt.I.x@hub.example;lr>'],
        sources: ['192.0.2.1:5061', ''],
        kind: [ForwardKind.REQUEST, ForwardKind.CANCEL],
        transaction: [1, 2],
        member: [0, 1],
        recordRoute: [1, 0],
        source: [0, 1],
        loop: [7, 8],
        wait: [25_000, 180_000],
        length: [message.length, other.length],
        wire: both,
      }),
    ).finish(),
  ],
  take(payload) {
    const batch = readForwards(payload);
    if (batch === undefined) return 'no';
    const count = batch.kind.length;
    let bytes = 0;
    for (let at = 0; at < count; at += 1) {
      promise(batch.members[batch.member[at] ?? -1] !== undefined, 'every forward has its member');
      promise(batch.sources[batch.source[at] ?? -1] !== undefined, 'every forward has its source');
      bytes += batch.length[at] ?? 0;
    }
    promise(bytes === batch.wire.length, 'every byte of a batch belongs to a forward');
    promise(idToken.test(batch.ingress) && batch.members.every((id) => idToken.test(id)), 'ids are fit for subjects and keys');
    promise(!/[\r\n]/.test(batch.recordRoutes.join('')), 'a Record-Route is one line');
    return `yes ${Math.min(count, 4)}`;
  },
};

const outcomes: BusReader = {
  name: 'OutcomeBatch',
  seeds: [
    OutcomeBatch.encode(
      OutcomeBatch.fromPartial({
        relay: 'relay-1',
        epoch: 'e1',
        lag: 3,
        gone: [{ code: 'member-unreachable', sentence: 'no' }],
        kind: [OutcomeKind.PROVISIONAL, OutcomeKind.GONE, OutcomeKind.FINAL],
        transaction: [1, 2, 3],
        status: [180, 0, 200],
        reason: [0, 1, 0],
        length: [message.length, 0, other.length],
        link: [0, 0, 1],
        waited: [0, 2_000_000, 150],
        took: [0, 0, 31_000],
        tries: [0, 0, 1],
        links: ['192.0.2.1:5061'],
        wire: both,
      }),
    ).finish(),
  ],
  take(payload) {
    const batch = readOutcomes(payload);
    if (batch === undefined) return 'no';
    const sum = batch.length.reduce((bytes, length) => bytes + length, 0);
    promise(sum === batch.wire.length && batch.length.length === batch.kind.length, 'every byte of a batch belongs to an outcome');
    const { link, waited, took, tries } = batch;
    promise(
      [waited, took, tries].every((column) => column.length === link.length),
      'what is told of a way is told whole',
    );
    promise(
      link.every((one) => one <= batch.links.length),
      'every way has its proxy',
    );
    for (const [at, kind] of batch.kind.entries())
      if (kind === OutcomeKind.GONE) promise(batch.gone[(batch.reason[at] ?? 0) - 1] !== undefined, 'who is gone has a reason');
    return `yes ${Math.min(batch.kind.length, 4)}`;
  },
};

const wires: BusReader = {
  name: 'WireBatch',
  seeds: [
    WireBatch.encode({
      service: 'relay',
      id: 'relay-1',
      epoch: 'e1',
      wires: ['w1', ''],
      members: ['acme', 'bolt'],
      sources: ['192.0.2.1:1', ''],
      wireIndex: [0, 1],
      length: [message.length, other.length],
      wire: both,
    }).finish(),
  ],
  take(payload) {
    const here = readWires(payload);
    const there = readRelayWires(payload);
    let bytes = 0;
    for (const entry of here?.entries ?? []) bytes += entry.bytes.length;
    if (here !== undefined) promise(bytes === here.from.wire.length, 'every byte of a batch belongs to a wire');
    if (there !== undefined) {
      let seen = 0;
      eachWire(there, (_wire, member, view) => {
        promise(/^[A-Za-z0-9_-]{0,64}$/.test(member), 'a member is an id');
        seen += view.length;
      });
      promise(seen === there.wire.length, 'every byte of a batch belongs to a wire');
    }
    return `${here !== undefined} ${there !== undefined}`;
  },
};

const presence: BusReader = {
  name: 'Presence',
  seeds: [Presence.encode({ ingress: 'ingress-1', epoch: 'e1', full: true, connected: ['acme'], left: ['bolt'] }).finish()],
  take(payload) {
    const table = createPresenceTable({ members: 8, ingresses: 4 }, () => true);
    const touched = table.take(payload)?.touched;
    const renewed = table.take(payload)?.renewed;
    promise(touched === undefined || touched.length <= 8, 'no more members are believed than the bound');
    promise(
      [...(touched ?? []), ...(renewed ?? [])].every((id) => idToken.test(id)),
      'members that are present have ids',
    );
    return `${touched?.length ?? 'no'} ${renewed?.length ?? 'no'}`;
  },
};

/** What carries messages. */
export const batchReaders: readonly BusReader[] = [forwards, outcomes, wires, presence];
