import { afterEach, describe, expect, it, vi } from 'vitest';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import type { Line } from '../stage/line.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { acknowledge, answer, cancel, fresh } from '../stage/speech.js';

const services = ['ingress', 'relay', 'policy'] as const;
/** MiB by which a service's heap may be larger after a flood, once it had something else to do. */
const slack = 48;

const rate = 2_000;
/** What a member's rate lets through since then, by `performance.now`: what its bucket held and what came into it meanwhile. */
const most = (began: number) => rate + ((performance.now() - began) * rate) / 1000;

/** Writes `count` messages in pieces of fifty, a turn of the event loop between them. */
async function pour(line: Line, count: number, message: (index: number) => string): Promise<void> {
  for (let index = 0; index < count; ) {
    let piece = '';
    for (const until = Math.min(count, index + 50); index < until; index += 1) piece += message(index);
    line.say(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('floods, each service a process of its own', { timeout: 60_000 }, () => {
  const { actor, hub } = perform({
    cast: { acme: {}, bolt: {}, crow: {}, dora: {}, echo: { dialsOnly: true } },
    apart: true,
    settings: { ingress: { limits: { requestsPerSecond: rate }, timeouts: { acknowledge: '2s' } } },
  });
  const heap = async (service: (typeof services)[number]) => (await hub().counted(service, 'nodejs_heap_used_bytes')) / 2 ** 20;
  let before: readonly number[] | undefined;

  /** Another pair's words come through while `flood` goes on, and behind it. */
  async function besides(flood: Promise<unknown>): Promise<void> {
    before ??= await Promise.all(services.map(heap));
    let over = false;
    const ended = flood.finally(() => {
      over = true;
    });
    do await exchange(actor('crow'), actor('dora'));
    while (!over);
    await ended;
    await exchange(actor('crow'), actor('dora'));
  }

  /** What came to an actor of which nobody took anything is thrown away, until it can talk to others again. */
  async function calm(member: Member): Promise<void> {
    for (;;) {
      member.forget();
      const ping = member.say('OPTIONS', 'sip:hub.example');
      if ((await member.hearFinal(ping)).status === 200) break;
      // Its bucket of a second's worth has to fill again.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    member.forget();
  }

  afterEach(async () => {
    for (const name of ['acme', 'bolt', 'echo']) await calm(actor(name));
    await exchange(actor('acme'), actor('bolt'));
    await exchange(actor('bolt'), actor('echo'));
    await vi.waitFor(
      async () => {
        expect(await hub().counted('ingress', 'guildhall_ingress_in_flight')).toBe(0);
        expect(await hub().counted('relay', 'guildhall_member_queue_bytes')).toBe(0);
        const now = await Promise.all(services.map(heap));
        for (const [index, used] of now.entries()) expect(used, services[index]).toBeLessThan((before?.[index] ?? 0) + slack);
        // Something to do, so that what is not needed any more is noticed.
        await exchange(actor('crow'), actor('dora'), { body: 'x'.repeat(30_000) });
      },
      { timeout: 30_000, interval: 50 },
    );
  });

  it('RFC 3261 16.7 step 1, 18.1.2: answers nobody asked for, on the member’s own line and on the one the hub dialled: dropped and counted', async () => {
    const { request } = await exchange(actor('acme'), actor('bolt'));
    const strays = () => hub().counted('relay', 'guildhall_relay_dropped_total', { what: 'stray-response' });
    const had = await strays();
    const stray = () => answer(request, 200).replace(/branch=z9hG4bK[^\r\n;]*/, `branch=${fresh('z9hG4bK')}`);
    await besides(
      Promise.all([pour(actor('bolt').line(), 5_000, stray), pour(request.line, 5_000, stray), pour(actor('echo').line(), 2_000, stray)]),
    );
    await vi.waitFor(async () => expect(await strays()).toBe(had + 12_000), 30_000);
    expect(actor('acme').unheard()).toEqual([]);
  });

  it('an answer to another member’s request, under its branch: dropped, and the right one still counts', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const asked = await hearRequest(actor('dora'), said);
    const { request } = await exchange(acme, actor('bolt'));
    for (const line of [actor('bolt').line(), request.line, actor('echo').line()]) {
      for (const status of [180, 200, 302, 404, 503]) line.say(answer(asked, status, { phrase: 'Forged', headers: ['X-Forged: yes'] }));
    }
    await exchange(actor('bolt'), actor('crow'));
    await exchange(actor('echo'), actor('crow'));
    actor('dora').answer(asked, 202);
    const final = await acme.hearFinal(said);
    expect([final.status, final.header('x-forged')]).toEqual([202, '']);
  });

  it('one answer ten thousand times: its sender hears it once', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(actor('bolt'), said);
    const text = answer(heard, 200);
    await besides(pour(heard.line, 10_000, () => text));
    await acme.hearAnswer(said, 200);
    expect(acme.unheard()).toEqual([]);
  });

  it('a call that rings and rings, each time with a page of text, and is answered a thousand times: its caller’s line stays open', async () => {
    const acme = actor('acme');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(actor('bolt'), invite);
    const ringing = answer(heard, 180, { headers: [`Subject: ${'x'.repeat(4_000)}`] });
    await besides(pour(heard.line, 3_000, () => ringing));
    const ok = (tag: number) => answer(heard, 200, { tag: `t${tag}`, headers: [`Subject: ${'x'.repeat(4_000)}`] });
    await besides(pour(heard.line, 1_000, ok));
    await acme.hearAnswer(invite, 200);
    const bytes = acme.unheard().length * 4_000;
    expect(bytes).toBeLessThan(600_000);
    acme.forget();
    await exchange(acme, actor('crow'));
  });

  it('CANCELs of nothing: a second’s worth is answered 481, the rest 503, and none is passed on', async () => {
    const acme = actor('acme');
    const invite = acme.request('INVITE', 'sip:bob@bolt.example');
    const branch = () => fresh('z9hG4bK');
    await calm(acme);
    const began = performance.now();
    await besides(pour(acme.line(), 10_000, () => cancel({ ...invite, via: `SIP/2.0/TLS p.invalid;branch=${branch()}` }).text));
    await vi.waitFor(() => expect(acme.unheard().length).toBe(10_000), 30_000);
    const told = new Map<string, number>();
    for (const one of acme.unheard()) told.set(one.slice(8, 11), (told.get(one.slice(8, 11)) ?? 0) + 1);
    expect((told.get('481') ?? 0) + (told.get('503') ?? 0)).toBe(10_000);
    expect(told.get('481')).toBeLessThanOrEqual(most(began));
  });

  it('CANCELs of a call that rings, over and over: cancelled once', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, invite);
    bolt.answer(heard, 180);
    await acme.hearAnswer(invite, 180);
    await besides(pour(acme.line(), 3_000, () => cancel(invite).text));
    bolt.answer(await bolt.hear('CANCEL'), 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
    const ended = await acme.hear(487);
    acme.line().say(acknowledge(invite, ended).text);
    expect(bolt.unheard()).toEqual([]);
  });

  it('ACKs of nothing, with good and bad tokens: dropped and counted', async () => {
    const acme = actor('acme');
    const invite = acme.request('INVITE', 'sip:bob@bolt.example');
    const routes = ['<sip:g1.k.acme.bolt.I.AAAAAAAAAAAAAAAAAAAAAA@hub.example;lr>'];
    const ack = () => acme.request('ACK', 'sip:bob@bolt.example', { callId: invite.callId, to: `${invite.to};tag=1`, routes }).text;
    await besides(pour(acme.line(), 10_000, ack));
    await vi.waitFor(async () => {
      expect(await hub().counted('ingress', 'guildhall_ingress_dropped_total', { kind: 'ack' })).toBeGreaterThanOrEqual(10_000);
    }, 30_000);
    expect(acme.unheard()).toEqual([]);
  });

  it('one request again and again: passed on once, and its sender hears of it once', async () => {
    const acme = actor('acme');
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    await calm(acme);
    await besides(pour(acme.line(), 1_000, () => said.text));
    const heard = await hearRequest(actor('bolt'), said);
    expect(actor('bolt').unheard()).toEqual([]);
    actor('bolt').answer(heard, 200);
    await acme.hearAnswer(said, 200);
    expect(acme.unheard()).toEqual([]);
  });

  it('requests that break the grammar, refused before any limit: each answered, and others talk on', async () => {
    const acme = actor('acme');
    const bad = () => acme.request('MESSAGE', 'sip:bob@bolt.example').text.replace('From: <', 'From: <\0');
    await besides(pour(acme.line(), 5_000, bad));
    await vi.waitFor(() => expect(acme.unheard().length).toBe(5_000), 30_000);
  });

  it('requests on a line that the hub dialled: admitted, counted and bounded like any others', async () => {
    const bolt = actor('bolt');
    const { request } = await exchange(actor('acme'), bolt);
    await calm(bolt);
    const began = performance.now();
    await besides(pour(request.line, 6_000, () => bolt.request('MESSAGE', 'sip:x@nobody.test').text));
    await vi.waitFor(() => expect(bolt.unheard().length).toBe(6_000), 30_000);
    const passed = bolt.unheard().filter((one) => one.startsWith('SIP/2.0 404'));
    expect(passed.length).toBeLessThanOrEqual(most(began));
    expect(bolt.unheard().every((one) => /^SIP\/2\.0 (404|503) /.test(one))).toBe(true);
  });

  it('pings and padding without end: answered with as many, and nothing else happens', async () => {
    const acme = actor('acme');
    const had = acme.line().pongs() + acme.line().pings();
    await besides(pour(acme.line(), 20_000, () => '\r\n\r\n'));
    await vi.waitFor(() => expect(acme.line().pongs() + acme.line().pings()).toBeGreaterThan(had + 10_000), 30_000);
  });

  it('a member that floods and does not read: its own line suffers, nobody else’s', async () => {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    const ping = () => acme.request('OPTIONS', 'sip:hub.example').text;
    const first = acme.request('OPTIONS', 'sip:hub.example');
    line.say(first.text);
    expect(outcome(await acme.hearFinal(first))).toMatch(/^(200|503 rate-limit)$/);
    const over = pour(line, 10_000, ping);
    await besides(over);
    line.freeze();
    await besides(exchange(actor('crow'), actor('dora')));
    line.cut();
  });
});
