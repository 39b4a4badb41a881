import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { describe, expect, it } from 'vitest';
import { createAnswers } from './answers.js';
import { createCounts } from './counts.js';
import { type Gone, readOutcomes, refuseGone, takeOutcomes } from './outcomes.js';
import { createResponses } from './responses.js';
import { sip } from './sip.stage.js';
import { noStory } from './story.js';
import { transactionTable } from './transaction.stage.js';

const bytes = (batch: Partial<OutcomeBatch>): Uint8Array =>
  OutcomeBatch.encode(OutcomeBatch.fromPartial({ relay: 'r', epoch: 'now', ...batch })).finish();
const final = (more: Partial<OutcomeBatch> = {}) =>
  bytes({ kind: [OutcomeKind.FINAL], transaction: [1], status: [200], reason: [0], length: [2], wire: Buffer.from('OK'), ...more });

describe('a batch of outcomes that means nothing', () => {
  it.each<[string, Uint8Array]>([
    ['no protobuf', Buffer.from([0xff, 0xff])],
    ['half a batch', final().subarray(0, 12)],
    ['a short column', final({ status: [] })],
    ['a long column', final({ reason: [0, 0] })],
    ['too few bytes', final({ length: [3] })],
    ['too many bytes', final({ length: [1] })],
    ['a final without bytes', final({ length: [0], wire: Buffer.alloc(0) })],
    ['a final that is provisional', final({ status: [180] })],
    ['a status that is none', final({ status: [700] })],
    ['a provisional that is final', final({ kind: [OutcomeKind.PROVISIONAL] })],
    ['a 100', final({ kind: [OutcomeKind.PROVISIONAL], status: [100] })],
    ['a kind nobody knows', final({ kind: [OutcomeKind.UNSPECIFIED] })],
    ['an end with bytes', final({ kind: [OutcomeKind.GONE], reason: [1], gone: [{ code: 'no-answer', sentence: '' }] })],
    ['a far side told of more entries than there are', final({ link: [0, 0], waited: [0, 0], took: [0, 0], tries: [0, 0] })],
    ['half a far side', final({ link: [0], waited: [0], took: [0] })],
    ['a link beyond the table', final({ link: [2], waited: [0], took: [0], tries: [0], links: ['sip.bolt.example:5061'] })],
    ['a link with control characters', final({ link: [1], waited: [0], took: [0], tries: [0], links: ['a\u001b[2J:1'] })],
    ['a link that is a novel', final({ link: [1], waited: [0], took: [0], tries: [0], links: ['x'.repeat(301)] })],
    ['an end without a reason', final({ kind: [OutcomeKind.GONE], length: [0], wire: Buffer.alloc(0) })],
  ])('%s', (_why, payload) => {
    expect(readOutcomes(payload)).toBeUndefined();
  });

  it('but one with an entry of a kind that only a newer version knows', () => {
    expect(readOutcomes(final({ kind: [OutcomeKind.UNRECOGNIZED] }))).toBeDefined();
  });
});

describe('outcomes', () => {
  const desk = () => {
    const table = transactionTable();
    const counts = createCounts();
    const answers = createAnswers({ domain: 'hub.example', epoch: 'now', random: () => 0 });
    const waited: number[] = [];
    const responses = createResponses(table.transactions, answers, counts, { limits: defaultLimits, answered: (ms) => waited.push(ms) });
    const { byId } = table.transactions;
    const gone = { take: (one: Gone) => refuseGone(one, { byId, responses, counts }, 7) };
    const take = (payload: Uint8Array) =>
      takeOutcomes(payload, { epoch: 'now', responses, gone, counts, byId, relayTold: () => undefined, clock: () => 7 });
    return { table, counts, take, waited };
  };

  it('tell the story of their transaction what happened on the far side, and those of an older relay that it was it', () => {
    const { table, take } = desk();
    const wire = table.wire('acme');
    const told = (more: Partial<OutcomeBatch>) => {
      const open = table.open(sip({ method: 'INVITE' }), wire);
      const story = { ...noStory, serial: 1 };
      open.story = story;
      take(final({ relay: 'relay-1', transaction: [open.id], ...more }));
      return story;
    };
    const far = { link: [1], waited: [12], took: [345], tries: [2], links: ['sip.bolt.example:5061'] };
    expect(told(far)).toMatchObject({ relay: 'relay-1', link: 'sip.bolt.example:5061', waited: 12, took: 345, tries: 2 });
    expect(told({})).toMatchObject({ relay: 'relay-1', link: '', waited: 0, took: 0, tries: 0 });
    expect(told({ ...far, kind: [OutcomeKind.PROVISIONAL], status: [180] })).toMatchObject({ relay: '', tries: 0 });
    expect(told({ ...far, relay: 'no relay\r\n' })).toMatchObject({ relay: '', tries: 2 });
    expect(noStory).toMatchObject({ relay: '', tries: 0 });
  });

  it('that say no response will come count when they are of the relay that has it now, responses whoever tells them', () => {
    const { table, counts, take } = desk();
    const wire = table.wire('acme');
    const handed = (to: string) => {
      const open = table.open(sip(), wire);
      open.relay = { id: to, epoch: 'e', returns: 0, gone: false, queued: false, run: () => undefined };
      return open;
    };
    const [moved, stayed] = [handed('relay-2'), handed('relay-2')];
    const gone = (relay: string, ...transaction: number[]) =>
      take(
        bytes({
          relay,
          kind: transaction.map(() => OutcomeKind.GONE),
          transaction,
          status: transaction.map(() => 0),
          reason: transaction.map(() => 1),
          length: transaction.map(() => 0),
          gone: [{ code: 'member-unreachable', sentence: 'no proxy' }],
        }),
      );
    gone('relay-1', moved.id, stayed.id);
    expect([wire.written, counts.strayOutcomes]).toEqual([[], 2]);
    take(final({ relay: 'relay-1', transaction: [moved.id] }));
    gone('relay-2', stayed.id);
    expect(wire.written.map((text) => text.slice(0, 11))).toEqual(['OK', 'SIP/2.0 500']);
    const older = handed('relay-1');
    gone('', older.id);
    expect(wire.written).toHaveLength(3);
  });

  it('for another incarnation, for nobody and from nonsense are dropped and counted', () => {
    const { table, counts, take } = desk();
    const wire = table.wire('acme');
    const open = table.open(sip(), wire);
    take(final({ epoch: 'before', transaction: [open.id] }));
    take(final({ transaction: [open.id + 1] }));
    take(Buffer.from([1]));
    expect([counts.strayOutcomes, counts.brokenBatches]).toEqual([2, 1]);
    expect(wire.written).toEqual([]);
    expect(open.state).toBe('trying');
  });

  it('leave on the wire their request came in on, or on another of the same member, or nowhere', () => {
    const { table, counts, take, waited } = desk();
    const [first, second, foreign] = [table.wire('acme'), table.wire('acme'), table.wire('bolt')];
    const answer = (id: number, text: string) => take(final({ transaction: [id], length: [text.length], wire: Buffer.from(text) }));
    answer(table.open(sip(), second).id, 'one');
    second.open = false;
    answer(table.open(sip(), second).id, 'two');
    first.open = false;
    answer(table.open(sip(), second).id, 'three');
    expect([first.written, second.written, foreign.written]).toEqual([['two'], ['one'], []]);
    expect(counts.lostResponses).toBe(1);
    expect(waited).toEqual([7, 7, 7]);
  });

  it('of one batch are all taken, though an error of our own is made of one', () => {
    const { table, take } = desk();
    const [bad, good] = [table.wire('acme'), table.wire('bolt')];
    bad.bytes = () => {
      throw new Error('no room');
    };
    const ids = [bad, good, bad, good].map((wire) => table.open(sip(), wire).id);
    const columns = {
      kind: ids.map(() => OutcomeKind.FINAL),
      status: ids.map(() => 200),
      reason: ids.map(() => 0),
      length: ids.map(() => 2),
    };
    expect(() => take(bytes({ ...columns, transaction: ids, wire: Buffer.from('OKOKOKOK') }))).toThrow('no room');
    expect(good.written).toEqual(['OK', 'OK']);
  });

  it('of one batch go each to its own, and an end is answered with its reason', () => {
    const { table, counts, take } = desk();
    const [acme, bolt] = [table.wire('acme'), table.wire('bolt')];
    const transactions = [
      table.open(sip({ method: 'INVITE' }), acme),
      table.open(sip(), bolt),
      table.open(sip(), acme),
      table.open(sip(), acme),
    ];
    take(
      bytes({
        gone: [
          { code: 'member-queue-full', sentence: 'cliff is slow' },
          { code: 'allowed', sentence: '' },
        ],
        kind: [OutcomeKind.PROVISIONAL, OutcomeKind.FINAL, OutcomeKind.GONE, OutcomeKind.GONE],
        transaction: transactions.map((one) => one.id),
        status: [180, 404, 0, 0],
        reason: [0, 0, 1, 2],
        length: [4, 3, 0, 0],
        wire: Buffer.from('ringnot'),
      }),
    );
    expect(bolt.written).toEqual(['not']);
    expect(acme.written[0]).toBe('ring');
    expect(acme.written[1]).toMatch(/^SIP\/2.0 500 .*text="member-queue-full: cliff is slow"/s);
    // A code that refuses nothing would leave the sender without an answer.
    expect(acme.written[2]).toMatch(/^SIP\/2.0 500 .*member-unreachable/s);
    expect([...counts.refusals.byCode()]).toEqual([
      ['member-queue-full', 1],
      ['member-unreachable', 1],
    ]);
    expect(table.transactions.inFlight()).toBe(1);
  });
});
