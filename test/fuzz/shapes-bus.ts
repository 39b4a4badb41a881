import { Check, RevocationsPage, TrustMember, TrustPage, TurnedAway, Verdict } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { ForwardBatch, ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { Presence, WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import type { Shape } from './linear.js';
import { bytesOf } from './target.js';
import { answerReaders } from './targets/bus-answers.js';
import { batchReaders } from './targets/bus-batches.js';
import { newsReaders } from './targets/bus-news.js';
import { reportReaders } from './targets/bus-reports.js';

function many<T>(count: number, one: (at: number) => T): T[] {
  return Array.from({ length: Math.max(1, Math.floor(count)) }, (_, at) => one(at));
}

function forwards(bytes: number): Uint8Array {
  const count = bytes / 20;
  const zeros = many(count, () => 0);
  return ForwardBatch.encode(
    ForwardBatch.fromPartial({
      ingress: 'i1',
      epoch: 'e1',
      members: many(count / 4, (at) => `m${at}`),
      sources: many(count / 4, () => '192.0.2.1:1'),
      kind: many(count, () => ForwardKind.REQUEST),
      transaction: zeros,
      member: zeros,
      recordRoute: zeros,
      source: zeros,
      loop: zeros,
      wait: zeros,
      length: many(count, () => 1),
      wire: Buffer.alloc(zeros.length, 0x61),
    }),
  ).finish();
}

function outcomes(bytes: number): Uint8Array {
  const count = bytes / 12;
  const zeros = many(count, () => 0);
  return OutcomeBatch.encode(
    OutcomeBatch.fromPartial({
      relay: 'r1',
      epoch: 'e1',
      gone: many(count / 4, () => ({ code: 'no-answer', sentence: 'x' })),
      kind: many(count, () => OutcomeKind.GONE),
      transaction: zeros,
      status: zeros,
      reason: many(count, () => 1),
      length: zeros,
    }),
  ).finish();
}

function wires(bytes: number): Uint8Array {
  const count = bytes / 12;
  const ids = many(count / 4, (at) => `w${at}`);
  return WireBatch.encode(
    WireBatch.fromPartial({
      service: 'relay',
      id: 'r1',
      epoch: 'e1',
      wires: ids,
      members: ids,
      sources: ids,
      wireIndex: many(count, (at) => at % ids.length),
      length: many(count, () => 1),
      wire: Buffer.alloc(Math.floor(count), 0x61),
    }),
  ).finish();
}

const encoded: readonly (readonly [reader: string, about: string, make: (bytes: number) => Uint8Array])[] = [
  ['ForwardBatch', 'forwards', forwards],
  ['OutcomeBatch', 'outcomes', outcomes],
  ['WireBatch', 'wires', wires],
  [
    'Presence',
    'members',
    (bytes) => Presence.encode(Presence.fromPartial({ ingress: 'i1', epoch: 'e1', connected: many(bytes / 8, (at) => `m${at}`) })).finish(),
  ],
  [
    'Verdict',
    'checks',
    (bytes) =>
      Verdict.encode(
        Verdict.fromPartial({
          action: 1,
          member: 'bolt',
          checks: many(bytes / 20, () => Check.fromPartial({ rule: 'rule r', action: 3, fromUser: 'a@b' })),
        }),
      ).finish(),
  ],
  [
    'Verdict',
    'contacts',
    (bytes) => Verdict.encode(Verdict.fromPartial({ action: 2, member: 'bolt', contacts: many(bytes / 8, () => 'sip:a@b') })).finish(),
  ],
  [
    'TrustPage',
    'members that claim one name',
    (bytes) =>
      TrustPage.encode(
        TrustPage.fromPartial({
          members: many(bytes / 30, (at) => TrustMember.fromPartial({ id: `m${at}`, status: 1, names: ['same.example'] })),
        }),
      ).finish(),
  ],
  [
    'TrustPage',
    'names of a member',
    (bytes) =>
      TrustPage.encode(
        TrustPage.fromPartial({
          members: [TrustMember.fromPartial({ id: 'm', status: 1, names: many(bytes / 12, (at) => `n${at}.example`) })],
        }),
      ).finish(),
  ],
  [
    'RevocationsPage',
    'numbers',
    (bytes) =>
      RevocationsPage.encode({
        version: 1n,
        lists: [{ issuer: Buffer.alloc(32), serials: many(bytes / 10, (at) => Buffer.from(`number${at}`)) }],
        next: 0,
      }).finish(),
  ],
  [
    'TurnedAway',
    'refused',
    (bytes) => TurnedAway.encode(TurnedAway.fromPartial({ refused: many(bytes / 20, () => ({ reason: 'unknown-peer' })) })).finish(),
  ],
  [
    'InstanceReport',
    'counts',
    (bytes) =>
      InstanceReport.encode(
        InstanceReport.fromPartial({
          service: 'relay',
          id: 'r1',
          epoch: 'e1',
          told: many(bytes / 12, () => ({ ingress: 'i', epoch: 'e' })),
        }),
      ).finish(),
  ],
];

const raw: readonly (readonly [about: string, piece: string])[] = [
  ['groups within groups', '\x0b'],
  ['fields nobody knows', '\xc0\xd5\x07\x01'],
  ['one text again and again', '\x0a\x01a'],
  ['empty messages', '\x5a\x00'],
  ['numbers without end', '\xff'],
];

const readers = [...batchReaders, ...answerReaders, ...newsReaders, ...reportReaders];

function shape(name: string, about: string, make: (bytes: number) => Uint8Array): Shape[] {
  return readers
    .filter((reader) => reader.name === name)
    .map((reader) => ({
      subject: 'bus',
      about: `${name}: ${about}`,
      make: (bytes) => Buffer.from(make(bytes)),
      work: (input) => void reader.take(input),
    }));
}

/** Messages of the bus, through the readers that the hub has for them. */
export const busShapes: readonly Shape[] = [
  ...encoded.flatMap(([name, about, make]) => shape(name, about, make)),
  ...['ForwardBatch', 'Verdict', 'Ask', 'MembershipEntry'].flatMap((name) =>
    raw.flatMap(([about, piece]) => shape(name, about, (bytes) => bytesOf(piece.repeat(Math.ceil(bytes / piece.length))))),
  ),
];
