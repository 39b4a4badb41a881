import { describe, expect, it } from 'vitest';
import { request, wiresStage } from './wires.stage.js';

const invite = request.replaceAll('MESSAGE', 'INVITE');
const cancel = request.replaceAll('MESSAGE', 'CANCEL');
const another = (branch: number) => request.replace('K1', `K${branch}`);

/** A stage whose second ingress hears what its link asks. */
function heardStage() {
  const stage = wiresStage('ingress-1', 'ingress-2');
  stage.hear('ingress-1');
  const stop = stage.hear('ingress-2');
  return { ...stage, stop };
}

describe('a far end that asks without end', () => {
  it('leaves room for other members', async () => {
    const { ask, settle, told, wires, others } = heardStage();
    for (let branch = 1; branch <= 9; branch += 1) ask(another(branch));
    await settle();
    expect(told().length).toBe(6);
    expect(wires.waiting()).toBe(3);
    ask(request, others);
    await settle();
    expect([others.written, wires.waiting(), wires.owes(others)]).toEqual([[], 4, true]);
  });

  it('can still cancel what it asked', async () => {
    const { ask, settle, told, heard } = heardStage();
    ask(invite);
    for (let branch = 2; branch <= 9; branch += 1) ask(another(branch));
    await settle();
    told();
    heard();
    ask(cancel);
    await settle();
    expect([told(), heard()]).toEqual([[], ['ingress-2 CANCEL']]);
  });
});

describe('a request that cannot be answered', () => {
  it.each(['From', 'To', 'Call-ID'])('for want of %s is not waited for', async (name) => {
    const { ask, settle, heard, told, wires } = heardStage();
    const text = request.replace(new RegExp(`${name}: [^\\r]*\\r\\n`), '');
    ask(text);
    ask(text);
    await settle();
    expect([wires.waiting(), told(), heard()]).toEqual([0, [], ['ingress-2 MESSAGE']]);
  });
});

describe('an answer', () => {
  it('larger than what the relay takes from a link is one all the same', async () => {
    const { ask, settle, told, wires, answer } = heardStage();
    ask();
    await settle();
    answer(200, request, [`X-Long: ${'x'.repeat(9_000)}`]);
    expect([told(), wires.waiting()]).toEqual([['200'], 0]);
  });

  it('that comes after the relay’s own goes nowhere, a provisional one neither, and however late it is for INVITE', async () => {
    const { ask, settle, told, answer, state, pass } = heardStage();
    ask(invite);
    await settle();
    state.epochs.set('ingress-2', 'e2');
    await pass(250);
    expect(told()).toEqual(['503']);
    answer(180, invite);
    answer(200, invite);
    await pass(60_000);
    await pass(60_000);
    answer(180, invite);
    answer(200, invite);
    expect(told()).toEqual([]);
  });
});

describe('what the relay answered', () => {
  it('is remembered up to a number, the latest longest', async () => {
    const { ask, settle, told, answer, state, pass } = heardStage();
    const all = [1, 2, 3, 4, 5, 6].map((branch) => another(branch).replaceAll('MESSAGE', 'INVITE'));
    for (const [at, epoch] of ['e2', 'e3'].entries()) {
      for (const text of all.slice(3 * at, 3 * at + 3)) ask(text);
      await settle();
      state.epochs.set('ingress-2', epoch);
      await pass(250);
    }
    expect(told()).toEqual(Array.from({ length: 6 }, () => '503'));
    for (const text of all.slice(1)) answer(200, text);
    expect(told()).toEqual([]);
    answer(200, all[0]);
    expect(told()).toEqual(['200']);
  });
});

describe('a CANCEL that nobody heard', () => {
  it('waits for the ingress that has its INVITE, and goes to no other', async () => {
    const { ask, settle, told, heard, stop, hear, state, pass } = heardStage();
    ask(invite);
    await settle();
    heard();
    stop();
    ask(cancel);
    await settle();
    expect([told(), heard()]).toEqual([[], []]);
    hear('ingress-2');
    state.returns.set('ingress-2', 1);
    await pass(250);
    await pass(1_000);
    expect(heard()).toEqual(['again ingress-2 INVITE']);
  });
});
