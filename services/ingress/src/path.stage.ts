import type { Bus } from '@guildhall/chassis/bus';
import type { Roster } from '@guildhall/chassis/roster';
import { noTracing, type Tracing } from '@guildhall/chassis/tracing';
import { type Ask, TokenKeys, Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { ForwardBatch } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { configSchema, type IngressConfigInput } from './config.js';
import { createCounts } from './counts.js';
import { hubNames } from './hub.js';
import { createMembers } from './members.js';
import { createMessagePath } from './message-path.js';
import { trustMember } from './neighbours.stage.js';
import type { RecordFacts } from './record-columns.js';
import { createRecords } from './records.js';
import { createShedding } from './shedding.js';
import { createTokenKeyRing } from './token-keys.js';
import { createTraces } from './traces.js';
import { type FakeWire, message } from './transaction.stage.js';
import { trustTable } from './trust.js';

/** The message path without sockets, NATS or clocks: acme, bolt and cliff are members, relay-1 is there. */
export function messagePath(
  limits: NonNullable<Partial<IngressConfigInput>['limits']> = {},
  overload: NonNullable<Partial<IngressConfigInput>['overload']> = {},
  tracing: Tracing = noTracing,
) {
  const config = configSchema.parse({
    hub: { domain: 'hub.example' },
    listeners: [{ name: 'members' }],
    certificate: { cert: 'none', key: 'none' },
    limits,
    overload: { warmUp: 0, ...overload },
  });
  const [listener] = config.listeners;
  const keys = createTokenKeyRing();
  keys.learn(TokenKeys.encode({ keys: [{ id: 'k1', secret: Buffer.alloc(32, 1) }] }).finish());
  const trust = trustTable(
    { version: 1n, anchors: [], members: ['acme', 'bolt', 'cliff'].map((id) => trustMember(id, { microsoft: id === 'cliff' })) },
    () => [],
    () => undefined,
  );
  const names = hubNames('hub.example', listener === undefined ? [] : [{ config: listener, port: 5061 }]);
  const sent: ForwardBatch[] = [];
  const asks: { ask: Ask; trace: string; answer: (verdict: Partial<Verdict>) => Promise<unknown>; fail: () => Promise<unknown> }[] = [];
  const state = {
    now: 0,
    lag: 0,
    up: true,
    draining: false,
    relays: [{ service: 'relay', id: 'relay-1', epoch: 'e', draining: false, load: 0, returns: 0 }],
  };
  const ids = new Map<unknown, string[]>();
  const idsOf = (): string[] => {
    const known = ids.get(state.relays) ?? state.relays.map((one) => one.id);
    ids.set(state.relays, known);
    return known;
  };
  const bus: Pick<Bus, 'maxPayload' | 'publish' | 'unheard'> = {
    unheard: () => ({ reply: 'nobody', close: () => undefined }),
    maxPayload: 1_048_576,
    publish: (_subject, payload) => void sent.push(ForwardBatch.decode(payload)),
  };
  const roster: Pick<Roster, 'fresh' | 'freshIds' | 'every' | 'miss'> = {
    miss: () => undefined,
    fresh: () => state.relays,
    every: () => state.relays,
    freshIds: idsOf,
  };
  const members = createMembers(config.limits.requestsPerSecond);
  const counts = createCounts();
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const shedding = createShedding({ settings: config.overload, members, counts, lag: () => state.lag, startedAt: 0 });
  const traces = createTraces(tracing, 'now');
  const records: RecordFacts[] = [];
  const path = createMessagePath({
    config,
    epoch: 'now',
    traces,
    records: createRecords({ epoch: 'now', add: (facts) => void records.push(facts), traces: traces.on ? traces : undefined }),
    bus,
    roster,
    counts,
    keys,
    policy: {
      verdict: (ask, trace) =>
        new Promise((resolve, reject) => {
          const usual = { action: VerdictAction.FORWARD, member: 'bolt', code: 'allowed', sentence: 'yes', version: 1n };
          asks.push({
            ask,
            trace,
            answer(verdict) {
              resolve(Verdict.encode(Verdict.fromPartial({ ...usual, ...verdict })).finish());
              return settle();
            },
            fail() {
              reject(new Error('timeout'));
              return settle();
            },
          });
        }),
    },
    names: () => names,
    trust: () => trust,
    closed: () => (state.draining ? 'hub-draining' : state.up ? '' : 'hub-unavailable'),
    shedding,
    answered: () => undefined,
    clock: () => state.now,
    random: () => 0,
  });
  path.advance();
  const wire = (id: string): FakeWire => {
    const written: string[] = [];
    const made: FakeWire = {
      id: `w${members.of(id).wires.length}`,
      member: members.of(id),
      source: '192.0.2.1:5061',
      open: true,
      inFlight: 0,
      room: true,
      held: false,
      hasRoom: () => made.room,
      hold() {
        made.held = true;
      },
      release() {
        made.held = false;
      },
      written,
      text: (text) => void written.push(text),
      bytes: (from, start, end) => void written.push(from.toString('latin1', start, end)),
    };
    made.member.wires.push(made);
    return made;
  };
  return {
    ...path,
    state,
    records,
    counts,
    asks,
    sent,
    settle,
    wire,
    take: (text: string, on: FakeWire) => path.requests.take(message(text), on),
    /** Status and reason code of each answer. */
    said: (on: FakeWire) => on.written.splice(0).map((text) => `${text.slice(8, 11)} ${/text="([a-z-]+):/.exec(text)?.[1] ?? ''}`.trim()),
    /** Lets a moment pass: batches leave. */
    pass(now: number) {
      state.now = now;
      path.advance();
      return settle();
    },
  };
}
