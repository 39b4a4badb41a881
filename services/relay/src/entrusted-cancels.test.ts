import { defaultLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { writeResponse } from '@guildhall/proto/sip/response';
import { describe, expect, it } from 'vitest';
import { createEntrustedCancels } from './entrusted-cancels.js';
import type { Link } from './member.js';
import { request, wiresStage } from './wires.stage.js';

const parse = (text: string): Message => parseMessage(Buffer.from(text, 'latin1'), defaultLimits);
const invite = request.replaceAll('MESSAGE', 'INVITE');
const link: Link = {
  id: 'l1',
  member: 'bolt',
  address: '',
  isUp: () => true,
  standing: () => ({ state: 'up', why: '', certificateEnds: 0 }),
  hasRoom: () => true,
  write: () => undefined,
};

describe('an INVITE that the relay answered itself', () => {
  const stage = (most = 10) => {
    const epochs = new Map<string, string>();
    const said: string[] = [];
    const cancels = createEntrustedCancels({
      most,
      epochOf: (id) => epochs.get(id),
      say: (on, ingress, text) => said.push(`${on.id} ${ingress} ${text.toString('latin1')}`),
    });
    return { epochs, said, cancels };
  };
  const holder = { id: 'ingress-1', epoch: 'e1' };

  it('is not cancelled where another incarnation is, which never had it', () => {
    const { epochs, said, cancels } = stage();
    cancels.take(parse(invite), link, holder, 0);
    epochs.set('ingress-1', 'e2');
    cancels.tend(1);
    epochs.set('ingress-1', 'e1');
    cancels.tend(2);
    expect(said).toEqual([]);
  });

  it('is not cancelled when its ingress has ended it by itself', () => {
    const { epochs, said, cancels } = stage();
    cancels.take(parse(invite), link, holder, 0);
    cancels.tend(240_000);
    epochs.set('ingress-1', 'e1');
    cancels.tend(240_001);
    expect(said).toEqual([]);
  });

  it('is forgotten for a newer one when there are too many, and what is no INVITE needs nothing', () => {
    const { epochs, said, cancels } = stage(1);
    cancels.take(parse(invite), link, holder, 0);
    cancels.take(parse(invite.replace('K1', 'K2')), link, holder, 0);
    cancels.take(parse(request), link, holder, 0);
    epochs.set('ingress-1', 'e1');
    cancels.tend(1);
    expect(said.map((text) => /branch=\S+/.exec(text)?.[0])).toEqual(['branch=z9hG4bK2']);
  });

  it('is cancelled no more when that had no answer ten times, while its ingress was there', () => {
    const { epochs, said, cancels } = stage();
    cancels.take(parse(invite), link, holder, 0);
    epochs.set('ingress-1', 'e1');
    for (let now = 0; now <= 10_000; now += 250) cancels.tend(now);
    // After 0, 1, 3, 7 and 11 s, of which the last falls into its absence.
    expect(said).toHaveLength(4);
    epochs.delete('ingress-1');
    for (let now = 10_250; now <= 60_000; now += 250) cancels.tend(now);
    expect(said).toHaveLength(4);
    epochs.set('ingress-1', 'e1');
    for (let now = 60_250; now <= 120_000; now += 250) cancels.tend(now);
    expect(said).toHaveLength(10);
  });

  it('is cancelled again until that is answered: NATS may lose what is said while it comes back', () => {
    const { epochs, said, cancels } = stage();
    const cancelled = (status: number, to = invite): Buffer =>
      Buffer.from(writeResponse(parse(to.replaceAll('INVITE', 'CANCEL')), status, { toTag: 'x' }), 'latin1');
    epochs.set('ingress-1', 'e1');
    cancels.take(parse(invite), link, holder, 0);
    cancels.tend(999);
    expect(said).toHaveLength(1);
    cancels.tend(1_000);
    expect(said).toHaveLength(2);
    const others = [
      cancels.answered('ingress-1', 'l1', cancelled(100)),
      cancels.answered('ingress-1', 'l2', cancelled(200)),
      cancels.answered('ingress-2', 'l1', cancelled(481)),
      cancels.answered('ingress-1', 'l1', cancelled(200, invite.replace('K1', 'K2'))),
      cancels.answered('ingress-1', 'l1', Buffer.from(writeResponse(parse(invite), 487, { toTag: 'x' }), 'latin1')),
      cancels.answered('ingress-1', 'l1', Buffer.from('no response')),
    ];
    expect(others).toEqual([false, false, false, false, false, false]);
    // It has not cancelled it.
    expect(cancels.answered('ingress-1', 'l1', cancelled(503))).toBe(true);
    cancels.tend(3_000);
    expect(said).toHaveLength(3);
    expect(cancels.answered('ingress-1', 'l1', cancelled(200))).toBe(true);
    expect(cancels.answered('ingress-1', 'l1', cancelled(200))).toBe(false);
    cancels.tend(10_000);
    expect(said).toHaveLength(3);
  });

  it('is cancelled when its ingress is there, under its own branch', () => {
    const { epochs, said, cancels } = stage();
    cancels.take(parse(invite), link, holder, 0);
    cancels.tend(1);
    expect(said).toEqual([]);
    epochs.set('ingress-1', 'e1');
    cancels.tend(2);
    cancels.tend(3);
    expect(said).toEqual([
      `l1 ingress-1 ${invite.replaceAll('INVITE', 'CANCEL').replace('branch=z9hG4bK1\r\n', 'branch=z9hG4bK1\r\nMax-Forwards: 70\r\n')}`,
    ]);
  });
});

describe('an ingress that has an INVITE of a link', () => {
  it.each([
    ['is off the roster for so long that it is answered for', 'away'],
    ['cannot be reached over NATS for so long', 'bus'],
  ])('%s, and then told to cancel it; what comes of that goes nowhere', async (_, how) => {
    const { hear, heard, settle, ask, answer, pass, told, wires, state, bus } = wiresStage('ingress-1', 'ingress-2');
    const busIs = (up: boolean): void => {
      bus.setConnected(up);
      wires.busIs(up, state.now);
    };
    hear('ingress-2');
    ask(invite);
    await settle();
    expect(heard()).toEqual(['ingress-2 INVITE']);
    if (how === 'away') state.epochs.delete('ingress-2');
    else busIs(false);
    await pass(250);
    await pass(3_000);
    expect([told(), heard()]).toEqual([['503'], []]);
    state.epochs.set('ingress-2', 'e1');
    if (how === 'bus') busIs(true);
    await pass(250);
    await pass(250);
    expect(heard()).toEqual(['ingress-2 CANCEL']);
    // It may not have heard that.
    await pass(1_000);
    expect(heard()).toEqual(['ingress-2 CANCEL']);
    answer(200, invite.replaceAll('INVITE', 'CANCEL'));
    answer(200, invite.replaceAll('INVITE', 'CANCEL'));
    answer(487, invite);
    await pass(5_000);
    expect([told(), heard()]).toEqual([[], []]);
  });

  it('is told at once when its link is closed for good', async () => {
    const { hear, heard, settle, ask, told, wires, link: own } = wiresStage('ingress-1', 'ingress-2');
    hear('ingress-2');
    ask(invite);
    await settle();
    ask(request.replace('K1', 'K2'));
    await settle();
    wires.leave(own);
    await settle();
    expect(told()).toEqual(['503', '503']);
    expect(heard()).toEqual(['ingress-2 INVITE', 'ingress-2 MESSAGE', 'ingress-2 CANCEL']);
  });

  it('and has answered it is told nothing', async () => {
    const { hear, heard, settle, ask, answer, pass, told, state } = wiresStage('ingress-1', 'ingress-2');
    hear('ingress-2');
    ask(invite);
    await settle();
    answer(486, invite);
    state.epochs.delete('ingress-2');
    await pass(250);
    await pass(3_000);
    state.epochs.set('ingress-2', 'e1');
    await pass(250);
    expect([told(), heard()]).toEqual([['486'], ['ingress-2 INVITE']]);
  });

  it.each([
    ['still away', false],
    ['back', true],
  ])('and is %s is told once when its far end cancels what the relay answered, and no other ingress is', async (_, back) => {
    const { hear, heard, settle, ask, answer, pass, told, state } = wiresStage('ingress-1', 'ingress-2');
    hear('ingress-1');
    hear('ingress-2');
    ask(invite);
    await settle();
    state.epochs.delete('ingress-2');
    await pass(250);
    await pass(3_000);
    if (back) state.epochs.set('ingress-2', 'e1');
    ask(invite.replaceAll('INVITE', 'CANCEL'));
    await settle();
    expect([told(), heard()]).toEqual([['503', '200'], ['ingress-2 INVITE']]);
    state.epochs.set('ingress-2', 'e1');
    await pass(250);
    answer(200, invite.replaceAll('INVITE', 'CANCEL'));
    await pass(10_000);
    expect([told(), heard()]).toEqual([[], ['ingress-2 CANCEL']]);
  });
});
