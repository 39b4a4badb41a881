import type { Bus, Handler } from '@guildhall/chassis/bus';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { createRoster } from '@guildhall/chassis/roster';
import { answerQuestions } from '@guildhall/policy/bus/questions';
import { keepTurnedAway } from '@guildhall/policy/bus/turned-away';
import { compile } from '@guildhall/policy/decision/compile';
import { keepWatched } from '@guildhall/policy/discovery/watched';
import { communityEntries } from '@guildhall/proto/community/entries';
import { readCommunity } from '@guildhall/proto/community/file';
import { Ask, Door, DoorRequest, TrustPage, TrustRequest, TurnedAway, Verdict, Watched } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { subjects } from '@guildhall/proto/subjects';
import { promise } from '../target.js';
import { decoded } from './bus-answers.js';
import type { BusReader } from './bus-batches.js';

const silent = memoryBus();
const stop = silent.subscribe('nothing', () => undefined);

/** A bus that keeps the handlers it is given, by subject, and carries nothing. */
function ears(handlers: Map<string, Handler>): Bus {
  return {
    ...silent,
    publish: () => undefined,
    subscribe(subject, handler) {
      handlers.set(subject, handler);
      return stop;
    },
  };
}

/** Gives a payload to the handler of a subject. Bytes that are no such message may be thrown back: the bus counts and logs them. */
function hear(handlers: ReadonlyMap<string, Handler>, subject: string, isMessage: boolean, payload: Uint8Array): void {
  try {
    handlers.get(subject)?.(payload);
  } catch (thrown) {
    if (isMessage) throw thrown;
  }
}

const turnedAway: BusReader = {
  name: 'TurnedAway',
  seeds: [
    TurnedAway.encode(
      TurnedAway.fromPartial({
        service: 'ingress',
        id: 'i1',
        refused: [{ reason: 'unknown-peer', source: '192.0.2.1:1', names: ['a'] }],
        untold: 2,
      }),
    ).finish(),
  ],
  take(payload) {
    const message = decoded(TurnedAway.decode, payload);
    const handlers = new Map<string, Handler>();
    const ring = keepTurnedAway(ears(handlers), 4, { turnedAway: () => undefined });
    hear(handlers, subjects.turnedAway, message !== undefined, payload);
    hear(handlers, subjects.turnedAway, message !== undefined, payload);
    promise(ring.size() <= 4, 'no more are kept than the bound');
    const listed = ring.list(() => true, 10);
    promise(
      listed.every(({ detail, names }) => detail.length <= 400 && names.length <= 32),
      'texts are kept short',
    );
    return `${listed.length} ${listed[0]?.about === ''}`;
  },
};

const watched: BusReader = {
  name: 'Watched',
  seeds: [
    Watched.encode(Watched.fromPartial({ id: 'i1', partners: [{ member: 'acme', requests: 7n, contacts: 2, suspect: true }] })).finish(),
  ],
  take(payload) {
    const message = decoded(Watched.decode, payload);
    const handlers = new Map<string, Handler>();
    const partners = keepWatched(ears(handlers), () => 0);
    hear(handlers, subjects.watched, message !== undefined, payload);
    const { requests, contacts } = partners.conductOf('acme');
    promise(requests >= 0n && contacts >= 0 && contacts < 2 ** 32, 'counts have room in an answer');
    return `${message === undefined} ${requests > 0n}`;
  },
};

const hellos: BusReader = {
  name: 'Hello',
  seeds: [Hello.encode(Hello.fromPartial({ service: 'relay', id: 'relay-1', epoch: 'e1', draining: false, load: 3 })).finish()],
  take(payload) {
    const message = decoded(Hello.decode, payload);
    const handlers = new Map<string, Handler>();
    const roster = createRoster(ears(handlers), { service: 'ingress', id: 'i1', epoch: 'e0' }, {}, () => 0);
    hear(handlers, subjects.everyHello, false, payload);
    const known = message === undefined ? [] : roster.every(message.service);
    promise(
      known.every(({ id }) => /^[A-Za-z0-9_-]{1,64}$/.test(id)),
      'who is there has an id',
    );
    roster.close();
    return `${message === undefined} ${known.length}`;
  },
};

const text = `community: { id: guild, name: Guild, model: limited-clearinghouse }
hub: { domain: hub.example, listeners: [{ name: members, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: { ca: [] } }
members:
  - { id: acme, domains: [acme.example], proxies: [{ host: sip.acme.example }] }
  - { id: bolt, domains: [bolt.example], proxies: [{ host: sip.bolt.example }], groups: [small] }
rules:
  - { id: no-files, from: { member: acme }, to: { any: true }, methods: [MESSAGE], bodyTypes: [application/*], action: deny }
  - { id: slow, from: { any: true }, to: { any: true }, action: limit, limit: { requests: 10, per: second } }
agreements: [{ members: [acme, bolt], mode: redirect }]
`;
const compiled = compile({ version: 7n, authorities: [], ...communityEntries(readCommunity(text, 'fuzz.yaml'), new Map()) });

/** What policy answers to a question on a subject, or undefined where it leaves it. */
function answer(subject: string, payload: Uint8Array): Uint8Array | undefined {
  const handlers = new Map<string, Handler>();
  const nothing = (): void => undefined;
  answerQuestions(
    ears(handlers),
    { membership: () => compiled?.membership, tokenKeys: () => [], wall: () => 1_800_000_000_000 },
    { decided: nothing, answered: nothing, malformed: nothing, unanswerable: nothing },
  );
  let told: Uint8Array | undefined;
  handlers.get(subject)?.(payload, (bytes) => {
    told = bytes;
  });
  return told;
}

const asks: BusReader = {
  name: 'Ask',
  seeds: [
    Ask.encode({
      peer: 'acme',
      fromDomain: 'acme.example',
      target: { $case: 'toDomain', value: 'bolt.example' },
      method: 'MESSAGE',
      event: '',
    }).finish(),
    Ask.encode({
      peer: 'bolt',
      fromDomain: 'x',
      target: { $case: 'toMember', value: 'acme' },
      method: 'SUBSCRIBE',
      event: 'presence',
    }).finish(),
  ],
  take(payload) {
    const told = answer(subjects.ask, payload);
    promise((told === undefined) === (decoded(Ask.decode, payload) === undefined), 'every question is answered, and nothing else');
    if (told === undefined) return 'no';
    const verdict = Verdict.decode(told);
    promise(verdict.sentence !== '' && told.length < 65_536, 'a verdict says why, in bounds');
    return `${verdict.action} ${verdict.code} ${verdict.rule}`;
  },
};

const doorQuestions: BusReader = {
  name: 'DoorRequest',
  seeds: [DoorRequest.encode({ member: 'acme' }).finish()],
  take(payload) {
    const told = answer(subjects.door, payload);
    promise((told === undefined) === (decoded(DoorRequest.decode, payload) === undefined), 'every question is answered, and nothing else');
    return told === undefined ? 'no' : `${Door.decode(told).open}`;
  },
};

const trustQuestions: BusReader = {
  name: 'TrustRequest',
  seeds: [
    TrustRequest.encode({ members: ['acme', 'gone'], after: '' }).finish(),
    TrustRequest.encode({ members: [], after: 'acme' }).finish(),
  ],
  take(payload) {
    const told = answer(subjects.trust, payload);
    promise((told === undefined) === (decoded(TrustRequest.decode, payload) === undefined), 'every question is answered, and nothing else');
    if (told === undefined) return 'no';
    promise(told.length < 1_048_576, 'a page fits the bus');
    return `${Math.min(4, TrustPage.decode(told).members.length)}`;
  },
};

/** What is told to all, and what policy is asked. */
export const newsReaders: readonly BusReader[] = [turnedAway, watched, hellos, asks, doorQuestions, trustQuestions];
