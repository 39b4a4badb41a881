import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { monotonic } from '@guildhall/chassis/clock';
import { createLogger } from '@guildhall/chassis/log';
import { createRoster } from '@guildhall/chassis/roster';
import { Changed, Door, type DoorProxy, DoorRequest, RevocationsPage } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { ForwardBatch, ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { Presence, WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { policyQueue, subjects } from '@guildhall/proto/subjects';
import { configSchema } from '@guildhall/relay/config';
import { start } from '@guildhall/relay/start';
import type { z } from 'zod';
import { type Authority, type Identity, openSafe, type Safe } from '../stage/certificates.js';
import { createMailbox } from '../stage/mailbox.js';
import { type NatsServer, startNats } from '../stage/nats.js';

/** One entry of an outcome batch, as text. */
export interface Outcome {
  readonly kind: 'provisional' | 'final' | 'gone';
  readonly transaction: number;
  readonly status: number;
  readonly code: string;
  readonly sentence: string;
  readonly text: string;
  /** By which proxy, µs, and how often it was written. */
  readonly link: string;
  readonly waited: number;
  readonly took: number;
  readonly tries: number;
}

/** One message of a wire batch. */
export interface Carried {
  readonly from: string;
  readonly wire: string;
  readonly member: string;
  readonly source: string;
  readonly text: string;
}

/** What a played ingress forwards; the rest has good values. */
export interface Handed {
  readonly transaction: number;
  readonly kind?: 'request' | 'ack' | 'cancel';
  readonly loop?: number;
  readonly recordRoute?: string;
  readonly wait?: number;
  readonly member?: string;
  /** It was handed over before. */
  readonly again?: boolean;
}

/** A relay on a real bus between a policy and an ingress that the test plays. */
export interface Neighbours {
  readonly bus: Bus;
  readonly nats: NatsServer;
  readonly relay: { readonly id: string; readonly admin: string; stop(): Promise<void> };
  readonly safe: Safe;
  readonly authority: Authority;
  readonly hub: Identity;
  /** What policy answers about `bolt`; `change` tells the relay that it is another now. */
  door(door: Partial<Door>): void;
  change(): void;
  /** How often the door was asked for. */
  asked(): number;
  forward(text: string, handed: Handed): void;
  outcome(transaction: number): Promise<Outcome>;
  /** Outcomes nobody took. */
  left(): readonly string[];
  /** What the relay gives an ingress to handle, or to write. */
  entered(): Promise<Carried>;
  departed(): Promise<Carried>;
  /** Plays an ingress that holds a connection of a member. */
  arrived(member: string, text: string): void;
  depart(wire: string, member: string, text: string): void;
  present(connected: readonly string[], left?: readonly string[]): void;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

const kinds = { request: ForwardKind.REQUEST, ack: ForwardKind.ACK, cancel: ForwardKind.CANCEL } as const;
const epoch = 'e1';

/** The name in the hub's certificate and its Via. */
export const hubName = 'hub.example';
/** The source every forward is said to come from. */
export const source = { host: '192.0.2.9', port: 40_001 };

/** The door of a member whose proxies listen on these ports of 127.0.0.1. */
export function doorTo(authority: Authority, ...proxies: Partial<DoorProxy>[]): Partial<Door> {
  return {
    anchors: [authority.cert],
    proxies: proxies.map((proxy) => ({
      host: '127.0.0.1',
      port: 0,
      names: ['sip.bolt.example', 'bolt.example'],
      priority: 1,
      weight: 1,
      ...proxy,
    })),
  };
}

export async function startRelay(
  settings: Partial<Pick<z.input<typeof configSchema>, 'timeouts' | 'limits' | 'drain'>> = {},
): Promise<Neighbours> {
  const safe = openSafe();
  const authority = await safe.authority('community');
  const hub = await authority.issue({ name: hubName, dns: [hubName], uris: [`sip:${hubName}`] });
  const nats = await startNats();
  const access = { url: nats.url, user: nats.user, password: nats.password };
  const log = createLogger('test', 'test', { level: 'silent', pretty: false });
  const bus = await connectBus(access, 'neighbours', log);
  const roster = createRoster(bus, { service: 'ingress', id: 'ingress-1', epoch }, {}, monotonic);

  bus.subscribe(
    subjects.revocations,
    (_payload, reply) => reply?.(RevocationsPage.encode({ version: 1n, lists: [], next: 0 }).finish()),
    policyQueue,
  );
  let door: Partial<Door> = { open: false };
  let asked = 0;
  bus.subscribe(
    subjects.door,
    (payload, reply) => {
      asked += 1;
      const { member } = DoorRequest.decode(payload);
      const empty = {
        member,
        open: true,
        proxies: [],
        pins: [],
        anchors: [],
        version: 1n,
        interface: '',
        acceptCommonName: false,
        lookup: '',
        stranger: false,
        domains: [],
      };
      reply?.(Door.encode({ ...empty, ...door }).finish());
    },
    policyQueue,
  );
  const outcomes = createMailbox<Outcome>('ingress-1', (one) => `${one.kind} ${one.transaction} ${one.status} ${one.code} ${one.sentence}`);
  bus.subscribe(subjects.ingress('ingress-1'), (payload) => {
    for (const one of unpackOutcomes(payload)) outcomes.put(one);
  });
  const describe = (one: Carried) => `${one.member} on "${one.wire}": ${one.text.split('\r\n', 1)[0]}`;
  const entered = createMailbox<Carried>('arrived at ingress-1', describe);
  const departed = createMailbox<Carried>('to be written by ingress-1', describe);
  bus.subscribe(subjects.arrived('ingress', 'ingress-1'), (payload) => {
    for (const one of unpackWires(payload)) entered.put(one);
  });
  bus.subscribe(subjects.depart('ingress', 'ingress-1'), (payload) => {
    for (const one of unpackWires(payload)) departed.put(one);
  });

  const ending = new AbortController();
  const config = configSchema.parse({
    id: 'relay-1',
    nats: access,
    hub: { domain: hubName },
    via: { host: hubName, port: 5061 },
    certificate: { cert: hub.certFile, key: hub.keyFile },
    log: { level: 'silent' },
    drain: 0,
    ...settings,
  });
  const running = await start(config, ending.signal);
  const admin = running.addresses['admin'] ?? '';
  // The relay must know of the ingress before it can hand it anything.
  await new Promise<void>((resolve) => {
    const look = () => (roster.fresh('relay').length > 0 ? resolve() : undefined);
    roster.onChange(look);
    look();
  });

  const wires = (wire: string, member: string, text: string): Uint8Array => {
    const bytes = Buffer.from(text, 'latin1');
    return WireBatch.encode({
      service: 'ingress',
      id: 'ingress-1',
      epoch,
      wires: [wire],
      members: [member],
      sources: [''],
      wireIndex: [0],
      length: [bytes.length],
      wire: bytes,
    }).finish();
  };
  const stop = async () => {
    ending.abort();
    await running.closed;
  };

  return {
    bus,
    nats,
    relay: { id: 'relay-1', admin, stop },
    safe,
    authority,
    hub,
    door(next) {
      door = next;
    },
    change: () => bus.publish(subjects.changed, Changed.encode({ version: 2n, members: ['bolt'], all: false, revocations: 0n }).finish()),
    asked: () => asked,
    forward(text, handed) {
      const bytes = Buffer.from(text, 'latin1');
      bus.publish(
        subjects.relay('relay-1'),
        ForwardBatch.encode({
          ingress: 'ingress-1',
          epoch,
          again: handed.again ?? false,
          sent: 0,
          members: [handed.member ?? 'bolt'],
          recordRoutes: handed.recordRoute === undefined ? [] : [handed.recordRoute],
          sources: [`${source.host}:${source.port}`],
          kind: [kinds[handed.kind ?? 'request']],
          transaction: [handed.transaction],
          member: [0],
          recordRoute: [handed.recordRoute === undefined ? 0 : 1],
          source: [0],
          loop: [handed.loop ?? 7],
          wait: [handed.wait ?? 25_000],
          length: [bytes.length],
          traced: [],
          wire: bytes,
        }).finish(),
      );
    },
    outcome: (transaction) => outcomes.take(`the outcome of ${transaction}`, (one) => one.transaction === transaction),
    left: () => outcomes.held().map((one) => `${one.kind} ${one.transaction} ${one.status}${one.code}`),
    entered: () => entered.take('a request', () => true),
    departed: () => departed.take('a departure', () => true),
    arrived: (member, text) => bus.publish(subjects.arrived('relay', 'relay-1'), wires('w1', member, text)),
    depart: (wire, member, text) => bus.publish(subjects.depart('relay', 'relay-1'), wires(wire, member, text)),
    present(connected, left = []) {
      bus.publish(
        subjects.present,
        Presence.encode({ ingress: 'ingress-1', epoch, full: false, connected: [...connected], left: [...left] }).finish(),
      );
    },
    metrics: async () => (await fetch(`http://${admin}/metrics`)).text(),
    async close() {
      await stop();
      roster.close();
      await bus.close();
      await nats.close();
      safe.close();
    },
  };
}

function unpackOutcomes(payload: Uint8Array): Outcome[] {
  const batch = OutcomeBatch.decode(payload);
  let at = 0;
  return batch.kind.map((kind, index) => {
    const start = at;
    at += batch.length[index] ?? 0;
    const reason = batch.gone[(batch.reason[index] ?? 0) - 1];
    return {
      kind: kind === OutcomeKind.FINAL ? 'final' : kind === OutcomeKind.GONE ? 'gone' : 'provisional',
      transaction: batch.transaction[index] ?? 0,
      status: batch.status[index] ?? 0,
      code: reason?.code ?? '',
      sentence: reason?.sentence ?? '',
      text: batch.wire.subarray(start, at).toString('latin1'),
      link: batch.links[(batch.link[index] ?? 0) - 1] ?? '',
      waited: batch.waited[index] ?? -1,
      took: batch.took[index] ?? -1,
      tries: batch.tries[index] ?? -1,
    };
  });
}

function unpackWires(payload: Uint8Array): Carried[] {
  const batch = WireBatch.decode(payload);
  let at = 0;
  return batch.length.map((length, index) => {
    const start = at;
    at += length;
    const wire = batch.wireIndex[index] ?? 0;
    const text = batch.wire.subarray(start, at).toString('latin1');
    return { from: batch.id, wire: batch.wires[wire] ?? '', member: batch.members[wire] ?? '', source: batch.sources[wire] ?? '', text };
  });
}
