import { unknownSender } from '@guildhall/proto/sip/received';
import { describe, expect, it } from 'vitest';
import { createForsakenCalls } from './forsaken-calls.js';
import { memberStage } from './member.stage.js';
import { newTransaction, type Transaction } from './transaction.js';

const call = (number: number, epoch: string, kind: 'invite' | 'other' = 'invite'): Transaction =>
  newTransaction({
    kind,
    method: kind === 'invite' ? 'INVITE' : 'MESSAGE',
    number,
    epoch,
    loop: 7,
    back: { ingress: 'i', epoch, response: () => undefined, gone: () => undefined, told: () => new Map(), heard: () => undefined },
    member: memberStage(),
    recordRoute: '',
    source: unknownSender,
    bytes: Buffer.alloc(0),
    wait: 0,
    arrivedAt: 0,
    dueAt: 0,
    trace: undefined,
  });

describe('calls of an ingress', () => {
  const stage = () => {
    const told = call(2, 'e1');
    told.told = true;
    const all = [call(1, 'e1'), told, call(3, 'e1', 'other'), call(4, 'other')];
    const cancelled: number[] = [];
    const forsaken = createForsakenCalls({ each: (visit) => all.forEach(visit) }, ({ number }) => cancelled.push(number));
    const there = (now: number, ...epochs: [id: string, epoch: string][]): void => {
      forsaken.rosterChanged(
        epochs.map(([id, epoch]) => ({ id, epoch })),
        now,
      );
    };
    const after = (now: number): number[] => {
      forsaken.tend(now);
      return cancelled;
    };
    there(0, ['i', 'e1'], ['j', 'other']);
    return { there, after };
  };

  it('that is there, or back in time, go on', () => {
    const { there, after } = stage();
    expect(after(100_000)).toEqual([]);
    there(100_000, ['j', 'other']);
    expect(after(131_999)).toEqual([]);
    there(131_999, ['i', 'e1'], ['j', 'other']);
    expect(after(200_000)).toEqual([]);
    there(200_000, ['j', 'other']);
    expect(after(231_999)).toEqual([]);
  });

  it('that stays away are cancelled, those that have no end', () => {
    const { there, after } = stage();
    there(1_000, ['j', 'other']);
    there(2_000, ['j', 'other']);
    expect(after(32_999)).toEqual([]);
    expect(after(33_000)).toEqual([1]);
    expect(after(34_000)).toEqual([1]);
  });

  it('that was started again are cancelled at once', () => {
    const { there, after } = stage();
    there(1_000, ['i', 'e2'], ['j', 'other']);
    expect(after(1_000)).toEqual([1]);
  });
});
