import { describe, expect, it } from 'vitest';
import { response } from './neighbours.stage.js';
import { messagePath } from './path.stage.js';
import { sip } from './sip.stage.js';

/** A path on which acme has said this on each of so many connections, and what bolt was asked answered. */
async function copied(text: string, wires: number, limits: Parameters<typeof messagePath>[0] = {}) {
  const path = messagePath(limits);
  const acme = Array.from({ length: wires }, () => path.wire('acme'));
  for (const wire of acme) path.take(text, wire);
  await path.asks[0]?.answer({});
  await path.pass(10);
  const asked = path.sent.flatMap((batch) => batch.transaction);
  const answer = (status: number): void => {
    const bytes = Buffer.from(response(text, status, 'Said So'), 'latin1');
    for (const id of asked) {
      const transaction = path.transactions.byId(id);
      if (transaction !== undefined) path.responses.pass(transaction, status, bytes, 0, bytes.length, 20);
    }
  };
  return { ...path, acme, asked, answer, told: () => acme.map(path.said) };
}

const invite = sip({ method: 'INVITE' });

describe('a request that comes again on another connection of its member', () => {
  it('is asked once, and answered once on each of them', async () => {
    const { acme, asked, answer, told, counts } = await copied(sip(), 3);
    expect([asked.length, counts.retransmissions, acme.map(({ inFlight }) => inFlight)]).toEqual([1, 2, [1, 1, 1]]);
    expect(acme[0]?.member.inFlight).toBe(1);
    answer(200);
    answer(486);
    expect([told(), acme.map(({ inFlight }) => inFlight), acme[0]?.member.inFlight]).toEqual([[['200'], ['200'], ['200']], [0, 0, 0], 0]);
  });

  it('is answered where it can be, and on none that nobody asked on', async () => {
    const { acme, wire, said, answer, told } = await copied(sip(), 3);
    const other = wire('acme');
    for (const at of [0, 1]) if (acme[at] !== undefined) acme[at].open = false;
    answer(200);
    expect([told(), said(other)]).toEqual([[[], [], ['200']], []]);
  });

  it('is answered on another where all are gone, and counted as lost where there is none', async () => {
    for (const stays of [true, false]) {
      const { acme, wire, said, answer, told, counts } = await copied(sip(), 2);
      const others = [wire('acme'), wire('acme')];
      for (const one of [...acme, ...(stays ? [] : others)]) one.open = false;
      answer(200);
      expect([told(), others.map(said), counts.lostResponses]).toEqual([[[], []], stays ? [['200'], []] : [[], []], stays ? 0 : 1]);
    }
  });

  it('is told what becomes of its call from then on, each connection for itself', async () => {
    const { acme, answer, told, take } = await copied(invite, 2);
    expect(told()).toEqual([['100'], ['100']]);
    answer(180);
    expect(told()).toEqual([['180'], ['180']]);
    if (acme[1] !== undefined) take(invite, acme[1]);
    expect(told()).toEqual([[], ['180']]);
    answer(200);
    answer(200);
    expect(told()).toEqual([
      ['200', '200'],
      ['200', '200'],
    ]);
  });

  it('is told how its call was refused, though it came after that, until it says ACK on one of them', async () => {
    const { acme, answer, told, take, wire, said } = await copied(invite, 1);
    answer(486);
    expect(told()).toEqual([['100', '486']]);
    const late = wire('acme');
    take(invite, late);
    expect([told(), said(late), late.inFlight]).toEqual([[[]], ['486'], 0]);
    if (acme[0] !== undefined) take(invite.replaceAll('INVITE', 'ACK'), acme[0]);
    expect(told()).toEqual([[]]);
  });

  it('is given up on each of them at its time', async () => {
    const { transactions, responses, told } = await copied(sip(), 2);
    for (const one of [...transactions.all()]) responses.timeout(one, 25_000);
    expect(told()).toEqual([['504 no-answer'], ['504 no-answer']]);
  });

  it('is absorbed, and not refused, where nothing new is taken', async () => {
    const { state, wire, take, said, answer } = await copied(sip({ branch: 'z9hG4bKa', callId: 'a' }), 1);
    state.draining = true;
    const late = wire('acme');
    take(sip({ branch: 'z9hG4bKa', callId: 'a' }), late);
    expect(said(late)).toEqual([]);
    answer(200);
    expect(said(late)).toEqual(['200']);
  });

  it('is refused on connections beyond a number, where it is said once too', async () => {
    const { answer, told } = await copied(sip(), 18);
    const beyond = told();
    expect(beyond.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => []));
    expect(beyond.slice(16)).toEqual([['503 in-flight-limit'], ['503 in-flight-limit']]);
    answer(200);
    expect(told()).toEqual([...Array.from({ length: 16 }, () => ['200']), [], []]);
  });
});

describe('a request of the same branch', () => {
  it('is another where another host or another member sent it', async () => {
    const path = messagePath();
    const [first, second, bolt] = [path.wire('acme'), path.wire('acme'), path.wire('bolt')];
    const text = sip();
    path.take(text, first);
    path.take(text.replace('proxy.acme.example', 'proxy2.acme.example'), second);
    path.take(text.replace('<sip:alice@acme.example>', '<sip:bob@bolt.example>'), bolt);
    expect([path.transactions.size(), path.counts.retransmissions]).toEqual([3, 0]);
  });
});
