import { connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import type { Received } from '../stage/received.js';
import { answer, request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { doorTo, type Neighbours, startRelay } from './relay-neighbours.js';

/** A way to a proxy that can be held up: who dials meanwhile waits. */
interface Gate {
  readonly port: number;
  hold(): void;
  open(): void;
  /** Who waits is turned away. */
  refuse(): void;
  /** How many dials came. */
  dials(): number;
  close(): void;
}

let relay: Neighbours;
let bolt: Member;
let gate: Gate;
/** Every story has a member of its own, so that no story meets another's links. */
let member = '';
let next = 0;

async function startGate(to: number): Promise<Gate> {
  const all = new Set<Socket>();
  let waiting: Socket[] = [];
  let isOpen = true;
  let dials = 0;
  const pass = (near: Socket): void => {
    const far = connect(to, '127.0.0.1');
    all.add(far);
    far.on('error', () => undefined).once('close', () => near.destroy());
    near.once('close', () => far.destroy());
    near.pipe(far).pipe(near);
  };
  const server = createServer((near) => {
    dials += 1;
    all.add(near);
    near.on('error', () => undefined);
    if (isOpen) pass(near);
    else waiting.push(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: address === null || typeof address === 'string' ? 0 : address.port,
    hold() {
      isOpen = false;
    },
    open() {
      isOpen = true;
      for (const near of waiting) pass(near);
      waiting = [];
    },
    refuse() {
      for (const near of waiting) near.destroy();
      waiting = [];
    },
    dials: () => dials,
    close() {
      server.close();
      for (const socket of all) socket.destroy();
    },
  };
}

beforeAll(async () => {
  relay = await startRelay({ timeouts: { backoffFirst: '10ms', backoffMost: '50ms' } });
  bolt = await startBolt(relay);
});
beforeEach(async () => {
  gate = await startGate(bolt.port);
  member = `bolt-${next}`;
  relay.door(doorTo(relay.authority, { port: gate.port }));
});
afterEach(() => {
  gate.close();
  const left = [bolt.unheard(), relay.left()];
  bolt.forget();
  expect(left).toEqual([[], []]);
});
afterAll(async () => {
  await bolt.close();
  await relay.close();
});

const say = (method: string): { readonly transaction: number; readonly text: string } => {
  next += 1;
  const { text } = request({ method, uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>;tag=a', callId: `call-${next}` });
  return { transaction: next, text };
};

/** A link that something was heard on: its loss is none of its own making. */
async function exchange(): Promise<void> {
  const { transaction, text } = say('MESSAGE');
  relay.forward(text, { transaction, member });
  bolt.answer(await bolt.hear('MESSAGE'), 200);
  expect((await relay.outcome(transaction)).status).toBe(200);
}

/** What was forwarded before has come: the relay refuses this at once. */
async function fence(): Promise<void> {
  next += 1;
  relay.forward('no request', { transaction: next, member });
  expect((await relay.outcome(next)).kind).toBe('gone');
}

async function cancel({ transaction, text }: { transaction: number; text: string }): Promise<void> {
  relay.forward(text.replaceAll('INVITE', 'CANCEL'), { transaction, member, kind: 'cancel' });
  await fence();
}

/** The connection is lost, and the next one not up yet. */
async function lose(): Promise<void> {
  gate.hold();
  const before = gate.dials();
  await bolt.cutAccepted();
  await expect.poll(() => gate.dials()).toBe(before + 1);
}

/** Bolt takes the CANCEL of what it heard so, and its INVITE ends. */
async function giveIn(transaction: number, heard: Received): Promise<void> {
  const cancelled = await bolt.hear('CANCEL');
  expect(cancelled.headers('via')).toEqual([heard.header('via')]);
  bolt.answer(cancelled, 200);
  cancelled.line.say(answer(heard, 487));
  await bolt.hear('ACK');
  expect((await relay.outcome(transaction)).status).toBe(487);
}

describe('an INVITE that is cancelled while its link is redialled (RFC 3261 9.1)', () => {
  it('and was never written is over at once, and nobody hears of it', async () => {
    gate.hold();
    const said = say('INVITE');
    relay.forward(said.text, { transaction: said.transaction, member });
    await expect.poll(() => gate.dials()).toBeGreaterThan(0);
    await cancel(said);
    expect(await relay.outcome(said.transaction)).toMatchObject({ kind: 'gone', code: 'cancelled' });
    gate.open();
    await exchange();
  });

  it('and was written is said again, and cancelled once it rings', async () => {
    await exchange();
    const said = say('INVITE');
    relay.forward(said.text, { transaction: said.transaction, member });
    const heard = await bolt.hear('INVITE');
    await lose();
    await cancel(said);
    gate.open();
    const again = await bolt.hear('INVITE');
    expect(again.text).toBe(heard.text);
    await exchange();
    expect(bolt.unheard()).toEqual([]);
    bolt.answer(again, 180);
    expect((await relay.outcome(said.transaction)).status).toBe(180);
    await giveIn(said.transaction, again);
  });

  it('and rang is cancelled over the next link, without a second copy', async () => {
    await exchange();
    const said = say('INVITE');
    relay.forward(said.text, { transaction: said.transaction, member });
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 180);
    expect((await relay.outcome(said.transaction)).status).toBe(180);
    await lose();
    await cancel(said);
    gate.open();
    await giveIn(said.transaction, heard);
  });

  it('and rings meanwhile over another connection of its member is cancelled over the next link', async () => {
    await exchange();
    const said = say('INVITE');
    relay.forward(said.text, { transaction: said.transaction, member });
    const heard = await bolt.hear('INVITE');
    await lose();
    await cancel(said);
    relay.arrived(member, answer(heard, 180));
    expect((await relay.outcome(said.transaction)).status).toBe(180);
    gate.open();
    await giveIn(said.transaction, heard);
  });

  it('and that another relay may have written is written here, and cancelled once it rings', async () => {
    gate.hold();
    const said = say('INVITE');
    relay.forward(said.text, { transaction: said.transaction, member, again: true });
    await expect.poll(() => gate.dials()).toBeGreaterThan(0);
    await cancel(said);
    gate.open();
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 180);
    expect((await relay.outcome(said.transaction)).status).toBe(180);
    await giveIn(said.transaction, heard);
  });
});

describe('a CANCEL that was written to a link that is lost (RFC 3261 9.1)', () => {
  it('is written again, however long the next one takes', async () => {
    await exchange();
    const said = say('INVITE');
    relay.forward(said.text, { transaction: said.transaction, member });
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 180);
    expect((await relay.outcome(said.transaction)).status).toBe(180);
    await cancel(said);
    await bolt.hear('CANCEL');
    await lose();
    gate.refuse();
    gate.open();
    await giveIn(said.transaction, heard);
  });
});

describe('a member that only dials out, and loses one of its connections', () => {
  const answered = (text: string, line: string): void => relay.arrived(member, text.replace(/^[^\r]*/, line));

  it.each([
    ['is written its INVITE again where it did not ring, and the CANCEL once it does', false],
    ['is written the CANCEL again where it rang', true],
  ])('%s', async (_, rang) => {
    relay.door(doorTo(relay.authority));
    relay.present([member]);
    const said = say('INVITE');
    relay.forward(said.text, { transaction: said.transaction, member });
    const first = await relay.departed();
    const ring = async (): Promise<void> => {
      answered(first.text, 'SIP/2.0 180 Ringing');
      expect((await relay.outcome(said.transaction)).status).toBe(180);
    };
    if (rang) await ring();
    await cancel(said);
    const before = rang ? await relay.departed() : first;
    relay.present([member]);
    const again = await relay.departed();
    expect(again.text).toBe(before.text);
    if (!rang) {
      await ring();
      expect((await relay.departed()).text).toMatch(/^CANCEL /);
    }
    answered(first.text, 'SIP/2.0 487 Request Terminated');
    expect((await relay.outcome(said.transaction)).status).toBe(487);
    expect((await relay.departed()).text).toMatch(/^ACK /);
  });
});
