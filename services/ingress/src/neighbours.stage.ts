import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { monotonic } from '@guildhall/chassis/clock';
import { createLogger } from '@guildhall/chassis/log';
import { createRoster } from '@guildhall/chassis/roster';
import {
  Ask,
  Changed,
  MemberStatus,
  type Refused,
  RevocationsPage,
  type RevokedBy,
  TokenKeys,
  TrustMember,
  TrustPage,
  TrustRequest,
  TurnedAway,
  Verdict,
  VerdictAction,
} from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { ForwardBatch, type ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { Presence, WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { policyQueue, subjects } from '@guildhall/proto/subjects';

/** A policy of a few lines: every domain `x.example` belongs to member x, everything is allowed. */
export interface FakePolicy {
  readonly asks: Ask[];
  readonly members: Map<string, TrustMember>;
  anchors: string[];
  /** Says nothing of what is revoked while undefined. */
  revoked: RevokedBy[] | undefined;
  /** Whom it was told of. */
  readonly turnedAway: Refused[];
  /** Changes the verdict on an ask. */
  judge: (ask: Ask, usual: Verdict) => Verdict;
  /** Tells everyone that the membership changed. */
  changed(members: string[]): void;
  /** Tells everyone that what is revoked changed. */
  revocationsChanged(): void;
  close(): Promise<void>;
}

/** One forward as a relay sees it. */
export interface Forwarded {
  readonly ingress: string;
  readonly epoch: string;
  readonly kind: ForwardKind;
  readonly transaction: number;
  readonly member: string;
  readonly source: string;
  readonly recordRoute: string;
  readonly loop: number;
  readonly wait: number;
  readonly text: string;
}

/** A relay that keeps what it is told and answers when told to. */
export interface FakeRelay {
  readonly forwards: Forwarded[];
  readonly arrived: { wire: string; member: string; text: string }[];
  readonly presences: Presence[];
  readonly departed: { wire: string; member: string; text: string }[];
  /** Called with every forward. */
  onForward: (forward: Forwarded) => void;
  answer(forward: Forwarded, status: number, phrase: string): void;
  gone(forward: Forwarded, code: string, sentence: string): void;
  /** Publishes anything. */
  say(subject: string, payload: Uint8Array): void;
  request(ingress: string, wire: string, member: string, text: string): void;
  depart(ingress: string, wire: string, member: string, text: string): void;
  /** Goes on to say hello, but takes no forwards any more. Resolves when NATS knows. */
  deafen(): Promise<void>;
  /** Falls silent without a word, as if killed. */
  die(): Promise<void>;
}

const log = createLogger('stage', 'stage', { level: 'silent', pretty: false });

/** An active member with the domain ID.example, unless `more` says otherwise. */
export function trustMember(id: string, more: Partial<TrustMember> = {}): TrustMember {
  const domains = [`${id}.example`];
  return { ...TrustMember.create(), id, status: MemberStatus.ACTIVE, domains, names: domains, ...more };
}

/** Answers asks, trust, token keys and revocations on the NATS server at `url`: whoever has the domain asked for may be reached. */
export async function fakePolicy(url: string, anchors: string[], members: TrustMember[]): Promise<FakePolicy> {
  const bus = await connectBus({ url }, 'policy', log);
  let version = 1n;
  const policy: FakePolicy = {
    asks: [],
    anchors,
    revoked: [],
    turnedAway: [],
    members: new Map(members.map((member) => [member.id, member])),
    judge: (_ask, usual) => usual,
    changed(touched) {
      version += 1n;
      bus.publish(subjects.changed, Changed.encode(Changed.fromPartial({ version, members: touched })).finish());
    },
    revocationsChanged() {
      version += 1n;
      bus.publish(subjects.changed, Changed.encode(Changed.fromPartial({ revocations: version })).finish());
    },
    close: () => bus.close(),
  };
  bus.subscribe(
    subjects.revocations,
    (_payload, reply) => {
      if (policy.revoked !== undefined) reply?.(RevocationsPage.encode({ version, lists: policy.revoked, next: 0 }).finish());
    },
    policyQueue,
  );
  bus.subscribe(subjects.turnedAway, (payload) => policy.turnedAway.push(...TurnedAway.decode(payload).refused));
  bus.subscribe(
    subjects.ask,
    (payload, reply) => {
      const ask = Ask.decode(payload);
      policy.asks.push(ask);
      const asked = ask.target?.$case === 'toMember' ? ask.target.value : (ask.target?.value ?? '').replace(/\.example$/, '');
      const known = policy.members.has(asked);
      const usual = Verdict.fromPartial({
        action: known ? VerdictAction.FORWARD : VerdictAction.REFUSE,
        member: known ? asked : '',
        code: known ? 'allowed' : 'unknown-domain',
        sentence: known ? 'any member may reach any other' : 'nobody here has that domain',
        version,
      });
      reply?.(Verdict.encode(policy.judge(ask, usual)).finish());
    },
    policyQueue,
  );
  bus.subscribe(
    subjects.trust,
    (payload, reply) => {
      const { members: wanted } = TrustRequest.decode(payload);
      const told = wanted.length === 0 ? [...policy.members.values()] : wanted.flatMap((id) => policy.members.get(id) ?? []);
      reply?.(TrustPage.encode({ version, anchors: policy.anchors, members: told, next: '' }).finish());
    },
    policyQueue,
  );
  const key = { id: 'k1', secret: Buffer.alloc(32, 7) };
  bus.subscribe(subjects.tokenKeys, (_payload, reply) => reply?.(TokenKeys.encode({ keys: [key] }).finish()), policyQueue);
  return policy;
}

/** Takes its place in the roster on the NATS server at `url` and listens to its subjects. */
export async function fakeRelay(url: string, id: string): Promise<FakeRelay> {
  const bus = await connectBus({ url }, id, log);
  const epoch = `epoch${id.replace(/\W/g, '')}`;
  const roster = createRoster(bus, { service: 'relay', id, epoch }, { intervalMs: 100 }, monotonic);
  const relay: FakeRelay = {
    forwards: [],
    arrived: [],
    presences: [],
    departed: [],
    onForward: () => undefined,
    answer: (forward, status, phrase) => outcome(bus, id, forward, status, response(forward.text, status, phrase)),
    gone(forward, code, sentence) {
      const columns = { kind: [OutcomeKind.GONE], transaction: [forward.transaction], status: [0], reason: [1], length: [0] };
      const batch = { relay: id, epoch: forward.epoch, gone: [{ code, sentence }], ...columns };
      bus.publish(subjects.ingress(forward.ingress), OutcomeBatch.encode(OutcomeBatch.fromPartial(batch)).finish());
    },
    say: (subject, payload) => bus.publish(subject, payload),
    request: (ingress, wire, member, text) => bus.publish(subjects.arrived('ingress', ingress), wireBatch(id, epoch, wire, member, text)),
    depart: (ingress, wire, member, text) => bus.publish(subjects.depart('ingress', ingress), wireBatch(id, epoch, wire, member, text)),
    async deafen() {
      await listening.inOrder();
    },
    async die() {
      await bus.close();
      roster.close();
    },
  };
  const listening = bus.subscribe(subjects.relay(id), (payload) => {
    for (const forward of forwardsOf(ForwardBatch.decode(payload))) {
      relay.forwards.push(forward);
      relay.onForward(forward);
    }
  });
  bus.subscribe(subjects.arrived('relay', id), (payload) => relay.arrived.push(...wiresOf(payload)));
  bus.subscribe(subjects.depart('relay', id), (payload) => relay.departed.push(...wiresOf(payload)));
  bus.subscribe(subjects.present, (payload) => relay.presences.push(Presence.decode(payload)));
  return relay;
}

function outcome(bus: Bus, relay: string, forward: Forwarded, status: number, text: string): void {
  const wire = Buffer.from(text, 'latin1');
  const kind = [status < 200 ? OutcomeKind.PROVISIONAL : OutcomeKind.FINAL];
  const columns = { kind, transaction: [forward.transaction], status: [status], reason: [0], length: [wire.length] };
  bus.publish(
    subjects.ingress(forward.ingress),
    OutcomeBatch.encode(OutcomeBatch.fromPartial({ relay, epoch: forward.epoch, ...columns, wire })).finish(),
  );
}

/** A far member's response as the relay hands it back: Via of the sender, From, To, Call-ID and CSeq copied. */
export function response(request: string, status: number, phrase: string): string {
  const kept = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  const tagged = kept.map((line) => (line.startsWith('To:') && !line.includes('tag=') ? `${line};tag=far` : line));
  return [`SIP/2.0 ${status} ${phrase}`, ...tagged, 'Content-Length: 0', '', ''].join('\r\n');
}

function wireBatch(id: string, epoch: string, wire: string, member: string, text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1');
  const tables = { wires: [wire], members: [member], sources: ['192.0.2.9:5061'] };
  return WireBatch.encode({ service: 'relay', id, epoch, ...tables, wireIndex: [0], length: [bytes.length], wire: bytes }).finish();
}

function wiresOf(payload: Uint8Array): { wire: string; member: string; text: string }[] {
  const batch = WireBatch.decode(payload);
  let start = 0;
  return batch.length.map((length, at) => {
    const index = batch.wireIndex[at] ?? 0;
    const text = batch.wire.toString('latin1', start, start + length);
    start += length;
    return { wire: batch.wires[index] ?? '?', member: batch.members[index] ?? '?', text };
  });
}

function forwardsOf(batch: ForwardBatch): Forwarded[] {
  let start = 0;
  return batch.kind.map((kind, at) => {
    const length = batch.length[at] ?? 0;
    const text = batch.wire.toString('latin1', start, start + length);
    start += length;
    const route = batch.recordRoute[at] ?? 0;
    return {
      ingress: batch.ingress,
      epoch: batch.epoch,
      kind,
      transaction: batch.transaction[at] ?? 0,
      member: batch.members[batch.member[at] ?? 0] ?? '?',
      source: batch.sources[batch.source[at] ?? 0] ?? '?',
      recordRoute: route === 0 ? '' : (batch.recordRoutes[route - 1] ?? '?'),
      loop: batch.loop[at] ?? 0,
      wait: batch.wait[at] ?? 0,
      text,
    };
  });
}
