import { createLogger } from '@guildhall/chassis/log';
import { expect, it } from 'vitest';
import { createEvents } from './events.js';
import type { Link, MemberProxy } from './member.js';
import { doorStage } from './member.stage.js';
import { createMembers } from './members.js';
import { createLine } from './queue.js';
import type { Sending } from './sending.js';
import type { Transaction } from './transaction.js';

const nothing = () => undefined;
const sending: Sending = {
  route: nothing,
  wait: nothing,
  retry: nothing,
  lose: nothing,
  end: nothing,
  cancel: nothing,
  callOff: nothing,
  due: nothing,
  flush: nothing,
  fail: nothing,
  requeue: nothing,
  repeat: nothing,
  orphan: nothing,
};
const card = doorStage();

/** A relay's members, of which bolt has one proxy; what its looking after was told since the last look, and how much waits for it. */
async function boltHeld() {
  const state = { waits: 0, ticks: [] as boolean[], closed: 0, owes: false, isUp: true };
  const link: Link = {
    id: 'l1',
    member: 'bolt',
    address: '127.0.0.1:1',
    isUp: () => state.isUp,
    standing: () => ({ state: 'up', why: '', certificateEnds: 0 }),
    hasRoom: () => true,
    write: nothing,
  };
  const proxy: MemberProxy = {
    key: 'k',
    address: '127.0.0.1:1',
    priority: 1,
    weight: 1,
    line: { ...createLine<Transaction>(() => true), length: () => state.waits },
    links: [link],
    condition: () => 'closed',
    restsFor: () => 0,
    fault: () => 0,
    ready: nothing,
    want: nothing,
    tick: (_now, wanted) => void state.ticks.push(wanted),
    close() {
      state.closed += 1;
    },
  };
  const doors = { get: async () => card, isOld: () => false, forget: nothing };
  const events = createEvents(createLogger('relay', 'test', { level: 'silent', pretty: false }), () => 0);
  const settings = {
    self: 'relay-1',
    most: 10,
    budget: { count: 10, bytes: 1_000 },
    idle: 60_000,
    handover: 5_000,
    doorFresh: 600_000,
    presenceKnownAt: 0,
    owes: () => state.owes,
  };
  const members = createMembers(
    doors,
    sending,
    () => [proxy],
    settings,
    () => 1_000,
    events,
  );
  const bolt = members.get('bolt', 1_000);
  if (bolt === undefined) throw new Error('there is no room');
  const tend = (now: number, owner: string): boolean[] => {
    members.tend(now, () => owner);
    return state.ticks.splice(0);
  };
  tend(1_000, 'relay-1');
  await new Promise((resolve) => setImmediate(resolve));
  expect(bolt.proxies).toEqual([proxy]);
  return { state, bolt, tend };
}

it('has its proxies dialled while it is in use, and this relay its owner', async () => {
  const { tend } = await boltHeld();
  expect(tend(2_000, 'relay-1')).toEqual([true]);
  expect(tend(2_500, 'relay-2')).toEqual([false]);
  expect(tend(3_000, 'relay-1')).toEqual([true]);
});

it('has them dialled for what still waits here when it is another relay’s, and for nothing else that is under way', async () => {
  const { state, bolt, tend } = await boltHeld();
  bolt.inFlight = 1;
  expect(tend(2_000, 'relay-2')).toEqual([false]);
  state.waits = 1;
  expect(tend(3_000, 'relay-2')).toEqual([true]);
  state.waits = 0;
  expect(tend(20_000, 'relay-2')).toEqual([false]);
  expect(state.closed).toBe(0);
  bolt.inFlight = 0;
  expect(tend(20_500, 'relay-2')).toEqual([]);
  expect(state.closed).toBe(1);
});

it('is let go of once nobody has asked for it for long, and nothing is up', async () => {
  const { state, tend } = await boltHeld();
  expect(tend(60_900, 'relay-1')).toEqual([true]);
  expect(tend(61_000, 'relay-1')).toEqual([]);
  expect(state.closed).toBe(1);
});

it('keeps a link that another relay’s member waits on for an answer, as long as it is up and the answer may still come', async () => {
  for (const end of ['answered', 'down', 'late']) {
    const { state, tend } = await boltHeld();
    state.owes = true;
    tend(2_000, 'relay-2');
    tend(38_999, 'relay-2');
    expect(state.closed, end).toBe(0);
    if (end === 'answered') state.owes = false;
    if (end === 'down') state.isUp = false;
    tend(end === 'late' ? 39_000 : 38_999, 'relay-2');
    expect(state.closed, end).toBe(1);
  }
});
