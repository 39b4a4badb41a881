import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { memberCertificate } from '../stage/identities.js';
import { type Member, startMember } from '../stage/member.js';
import type { Received } from '../stage/received.js';
import { answer, request } from '../stage/speech.js';
import { doorTo, hubName, type Neighbours, startRelay } from './relay-neighbours.js';

const domain = 'bolt.example';

let relay: Neighbours;
let proxies: Member[] = [];
let member = '';
let next = 0;

beforeAll(async () => {
  relay = await startRelay({ timeouts: { reconnect: '500ms', attempt: '300ms', backoffFirst: '10ms', backoffMost: '50ms' } });
});
afterAll(() => relay.close());
afterEach(async () => {
  const left = [...proxies.map((one) => one.unheard()), relay.left()];
  for (const one of proxies.splice(0)) await one.close();
  proxies = [];
  expect(left.flat()).toEqual([]);
});

async function proxy(): Promise<Member> {
  const identity = await memberCertificate(relay.authority, domain);
  const started = await startMember({ id: `proxy-${proxies.length + 1}`, domain, identity, authority: relay.authority, hubName });
  proxies.push(started);
  return started;
}

/** Opens the door of a member of its own to these proxies, in order of priority. */
function open(...all: Member[]): void {
  member = `bolt-${next}`;
  relay.door(doorTo(relay.authority, ...all.map(({ port }, priority) => ({ port, priority }))));
}

function say(method: string, wait?: number): { readonly transaction: number; readonly text: string } {
  next += 1;
  const { text } = request({ method, uri: `sip:bob@${domain}`, from: '<sip:a@acme.example>;tag=a', callId: `call-${next}` });
  relay.forward(text, { transaction: next, member, ...(wait === undefined ? {} : { wait }) });
  return { transaction: next, text };
}

/** A request and its answer: what was said before has come. */
async function exchange(one: Member): Promise<void> {
  const { transaction } = say('MESSAGE');
  one.answer(await one.hear('MESSAGE'), 200);
  expect((await relay.outcome(transaction)).status).toBe(200);
}

/** The same with a proxy that is there again: it may take the relay more than one attempt to find that out. */
async function exchangeAgain(one: Member): Promise<void> {
  const heard = one.hear('MESSAGE');
  for (;;) {
    const { transaction } = say('MESSAGE');
    const outcome = relay.outcome(transaction);
    const came = await Promise.race([heard, outcome.then(() => undefined)]);
    if (came !== undefined) one.answer(came, 200);
    const { kind, status } = await outcome;
    if (came !== undefined) {
      expect(status).toBe(200);
      return;
    }
    expect(kind).toBe('gone');
  }
}

/** What came in before is done with: the relay refuses this at once. */
async function fence(): Promise<void> {
  next += 1;
  relay.forward('no request', { transaction: next, member });
  expect((await relay.outcome(next)).kind).toBe('gone');
}

/** It is told to stop, once, and gives in. */
async function giveIn(one: Member, heard: Received): Promise<void> {
  const cancelled = await one.hear('CANCEL');
  expect(cancelled.headers('via')).toEqual([heard.header('via')]);
  one.answer(cancelled, 200);
  cancelled.line.say(answer(heard, 487));
  expect((await one.hear('ACK')).header('via')).toBe(heard.header('via'));
}

/** An INVITE of which the first proxy says nothing for so long that the second is asked. */
async function failOver(): Promise<{ transaction: number; first: Member; second: Member; earlier: Received; later: Received }> {
  const [first, second] = [await proxy(), await proxy()];
  open(first, second);
  const { transaction } = say('INVITE');
  const earlier = await first.hear('INVITE');
  const later = await second.hear('INVITE');
  expect(later.header('via')).toBe(`${earlier.header('via')}.1`);
  return { transaction, first, second, earlier, later };
}

describe('an INVITE that went on to the next proxy, since the first said nothing', () => {
  it('and is refused there, and rings at the first after all: it is cancelled there, once (RFC 3261 16.7 step 10)', async () => {
    const { transaction, first, second, earlier, later } = await failOver();
    second.answer(later, 486);
    await second.hear('ACK');
    expect((await relay.outcome(transaction)).status).toBe(486);
    await exchange(first);
    // Not before it rings (9.1).
    expect(first.unheard()).toEqual([]);
    first.answer(earlier, 180);
    first.answer(earlier, 180);
    await giveIn(first, earlier);
    await exchange(first);
  });

  it('and found nobody anywhere, and rings at the first after all: it is cancelled there', async () => {
    const { transaction, first, second, earlier, later } = await failOver();
    second.answer(later, 503);
    await second.hear('ACK');
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'member-overloaded' });
    first.answer(earlier, 183);
    await giveIn(first, earlier);
  });

  it('and is refused there, and answered at the first after all: nobody waits for that (RFC 6026), who answered ends it (RFC 3261 13.3.1.4)', async () => {
    const { transaction, first, second, earlier, later } = await failOver();
    second.answer(later, 486);
    await second.hear('ACK');
    expect((await relay.outcome(transaction)).status).toBe(486);
    first.answer(earlier, 200);
    await exchange(first);
    // Neither was it a try that may ring still.
    first.answer(earlier, 180);
    await exchange(first);
  });

  it('and is refused there, and at the first later: both have their ACK (17.1.1.3)', async () => {
    const { transaction, first, second, earlier, later } = await failOver();
    second.answer(later, 486);
    await second.hear('ACK');
    expect((await relay.outcome(transaction)).status).toBe(486);
    first.answer(earlier, 480);
    expect((await first.hear('ACK')).header('via')).toBe(earlier.header('via'));
    await exchange(first);
  });

  it('and is answered at the first while the second said nothing: the second is cancelled when it rings', async () => {
    const { transaction, first, second, earlier, later } = await failOver();
    first.answer(earlier, 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
    expect(second.unheard()).toEqual([]);
    second.answer(later, 180);
    await giveIn(second, later);
  });

  it('and is answered at the first while the second rang: the second is cancelled, and its end acknowledged', async () => {
    const { transaction, first, second, earlier, later } = await failOver();
    second.answer(later, 180);
    expect((await relay.outcome(transaction)).status).toBe(180);
    first.answer(earlier, 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
    await giveIn(second, later);
    // RFC 3261 16.7 step 5: every 2xx passes, and the CANCEL may have crossed it.
    first.answer(earlier, 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
  });
});

describe('a call that rings while its proxy is lost', () => {
  it('ends for its caller, and is cancelled when the proxy is back', async () => {
    const bolt = await proxy();
    open(bolt);
    await exchange(bolt);
    const { transaction } = say('INVITE');
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 180);
    expect((await relay.outcome(transaction)).status).toBe(180);
    bolt.shutDoor();
    await bolt.cutAccepted();
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'member-unreachable' });
    await bolt.listen();
    await giveIn(bolt, heard);
    await exchange(bolt);
  });

  it('is not cancelled later than the call would have lasted', async () => {
    const bolt = await proxy();
    open(bolt);
    await exchange(bolt);
    const kept = async () => Number(/guildhall_relay_transactions\{[^}]*\} (\d+)/.exec(await relay.metrics())?.[1]);
    const before = await kept();
    const { transaction } = say('INVITE', 500);
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 180);
    expect((await relay.outcome(transaction)).status).toBe(180);
    bolt.shutDoor();
    await bolt.cutAccepted();
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'member-unreachable' });
    await expect.poll(kept, { timeout: 5_000 }).toBeLessThanOrEqual(before);
    await bolt.listen();
    await exchangeAgain(bolt);
  });
});

describe('a member that only dials out, whose connection is gone', () => {
  const answered = (text: string, line: string): void => relay.arrived(member, text.replace(/^[^\r]*/, line));
  const call = async (): Promise<{ transaction: number; text: string; sent: string }> => {
    member = `bolt-${next}`;
    relay.door(doorTo(relay.authority));
    relay.present([member]);
    const said = say('INVITE');
    return { ...said, sent: (await relay.departed()).text };
  };
  const branch = (text: string): string | undefined => /^Via: [^\r]*/m.exec(text)?.[0];
  const giveIn = async (transaction: number, sent: string): Promise<void> => {
    const cancelled = (await relay.departed()).text;
    expect([cancelled.split(' ', 1)[0], branch(cancelled)]).toEqual(['CANCEL', branch(sent)]);
    answered(sent, 'SIP/2.0 487 Request Terminated');
    expect((await relay.departed()).text).toMatch(/^ACK /);
    await fence();
    expect(transaction).toBeGreaterThan(0);
  };

  it('while it rings: its call ends for the caller, and is cancelled over the next connection', async () => {
    const { transaction, sent } = await call();
    answered(sent, 'SIP/2.0 180 Ringing');
    expect((await relay.outcome(transaction)).status).toBe(180);
    relay.present([], [member]);
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'member-unreachable' });
    relay.present([member]);
    await giveIn(transaction, sent);
  });

  it('while its call is cancelled: the CANCEL is said over the next connection, too', async () => {
    const { transaction, text, sent } = await call();
    answered(sent, 'SIP/2.0 180 Ringing');
    expect((await relay.outcome(transaction)).status).toBe(180);
    relay.forward(text.replaceAll('INVITE', 'CANCEL'), { transaction, member, kind: 'cancel' });
    expect((await relay.departed()).text).toMatch(/^CANCEL /);
    relay.present([], [member]);
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'cancelled' });
    relay.present([member]);
    await giveIn(transaction, sent);
  });

  it.each([
    ['its caller waits still', false],
    ['its caller cancelled', true],
  ])('before it rings, and %s: it is cancelled when it rings over the next one', async (_, isCancelled) => {
    const { transaction, text, sent } = await call();
    if (isCancelled) {
      relay.forward(text.replaceAll('INVITE', 'CANCEL'), { transaction, member, kind: 'cancel' });
      await fence();
    }
    relay.present([], [member]);
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: isCancelled ? 'cancelled' : 'member-unreachable' });
    relay.present([member]);
    await fence();
    answered(sent, 'SIP/2.0 180 Ringing');
    answered(sent, 'SIP/2.0 180 Ringing');
    await giveIn(transaction, sent);
  });
});
