import { keptVerdict } from '@guildhall/ingress/kept-verdict';
import { readOutcomes } from '@guildhall/ingress/outcomes';
import { trustTable } from '@guildhall/ingress/trust';
import * as asked from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import * as forward from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import * as hello from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import * as outcome from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import * as wire from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { readDoor } from '@guildhall/relay/door-card';
import { readForwards } from '@guildhall/relay/forward-batch';
import { describe, expect, it } from 'vitest';

/** What generated code offers for a message. */
interface Codec {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  fromPartial(some: object): unknown;
}

function isCodec(made: unknown): made is Codec {
  return typeof made === 'object' && made !== null && 'encode' in made && 'decode' in made && 'fromPartial' in made;
}

const messages = [asked, forward, hello, outcome, wire].flatMap((file) =>
  Object.entries(file).flatMap(([name, made]): [string, Codec][] => (isCodec(made) ? [[name, made]] : [])),
);

/** Field 15000 in every wire type that a newer version could use: a number, eight bytes, text, four bytes. */
const extra = Buffer.from([
  0xc0, 0xa9, 0x07, 0x2a, 0xc1, 0xa9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8, 0xc2, 0xa9, 0x07, 2, 0x68, 0x69, 0xc5, 0xa9, 0x07, 1, 2, 3, 4,
]);
const newer = (bytes: Uint8Array): Uint8Array => Buffer.concat([extra, bytes, extra]);

describe('a field that only a newer version knows', () => {
  it('there are messages to try it with', () => {
    expect(messages.length).toBeGreaterThan(25);
  });

  it.each(messages)('means nothing in %s', (_name, codec) => {
    const empty = codec.fromPartial({});
    expect(codec.decode(newer(codec.encode(empty).finish()))).toEqual(codec.decode(codec.encode(empty).finish()));
  });

  it('means nothing to those who read batches, doors and trust', () => {
    const forwards = forward.ForwardBatch.fromPartial({
      ingress: 'i',
      epoch: 'e',
      members: ['bolt'],
      sources: [''],
      kind: [forward.ForwardKind.REQUEST],
      transaction: [1],
      member: [0],
      recordRoute: [0],
      source: [0],
      loop: [1],
      wait: [1],
      length: [1],
      wire: Buffer.from('x'),
    });
    expect(readForwards(newer(forward.ForwardBatch.encode(forwards).finish()))).toEqual(forwards);
    const outcomes = outcome.OutcomeBatch.fromPartial({ relay: 'r', epoch: 'e' });
    expect(readOutcomes(newer(outcome.OutcomeBatch.encode(outcomes).finish()))).toEqual(outcomes);
    expect(readDoor(newer(asked.Door.encode(asked.Door.fromPartial({ member: 'bolt', open: true })).finish()), 'bolt').open).toBe(true);
  });
});

/** A number that no version has given a meaning yet, as it comes out of the decoder. */
function unknown<T>(read: (bytes: Uint8Array) => T, ...bytes: readonly number[]): T {
  return read(Buffer.from(bytes));
}

describe('a number that only a newer version knows', () => {
  const life = { freshUntil: 1, staleUntil: 1 };

  it('refuses as the action of a verdict, and as that of a check', () => {
    const verdict = unknown(asked.Verdict.decode, 0x08, 77);
    expect(keptVerdict({ ...verdict, member: 'bolt', code: 'allowed' }, 'acme', life)).toMatchObject({ action: 'refuse', status: 500 });
    const check = asked.Check.fromPartial({ action: verdict.action, code: 'of-tomorrow' });
    const kept = keptVerdict({ ...verdict, action: asked.VerdictAction.FORWARD, member: 'bolt', checks: [check] }, 'acme', life);
    expect(kept.checks?.[0]?.within.action).toBe('refuse');
  });

  it('is no active member’s status', () => {
    const member = { ...unknown(asked.TrustMember.decode, 0x10, 77), id: 'bolt', domains: ['bolt.example'], names: ['bolt.example'] };
    const table = trustTable(
      { version: 1n, anchors: [], members: [member] },
      () => [],
      () => undefined,
    );
    expect(table.members.get('bolt')?.status).not.toBe(asked.MemberStatus.ACTIVE);
  });

  it('leaves the other entries of a batch as they are', () => {
    const columns = {
      transaction: [1, 2],
      member: [0, 0],
      recordRoute: [0, 0],
      source: [0, 0],
      loop: [1, 1],
      wait: [1, 1],
      length: [1, 1],
    };
    const forwards = forward.ForwardBatch.fromPartial({
      ingress: 'i',
      epoch: 'e',
      members: ['bolt'],
      sources: [''],
      ...columns,
      wire: Buffer.from('xy'),
    });
    // The column of kinds as a newer version writes it: an unknown one and a request.
    const bytes = Buffer.concat([forward.ForwardBatch.encode(forwards).finish(), Buffer.from([0x52, 2, 77, 1])]);
    expect(readForwards(bytes)?.kind.map(Number)).toEqual([77, forward.ForwardKind.REQUEST]);
    const outcomes = outcome.OutcomeBatch.fromPartial({
      relay: 'r',
      epoch: 'e',
      transaction: [1, 2],
      status: [0, 200],
      reason: [0, 0],
      length: [0, 1],
      wire: Buffer.from('x'),
    });
    const told = Buffer.concat([outcome.OutcomeBatch.encode(outcomes).finish(), Buffer.from([0x52, 2, 77, 2])]);
    expect(readOutcomes(told)?.kind.map(Number)).toEqual([77, outcome.OutcomeKind.FINAL]);
  });
});
