import { describe, expect, it } from 'vitest';
import { noteOwed } from './members.js';
import { messagePath } from './path.stage.js';
import { crowded, fromBolt, overloaded, type Path, status, times } from './shedding.stage.js';
import { sip } from './sip.stage.js';

describe('an overloaded hub', () => {
  it('refuses the member that asks for more than its share, and nobody else', async () => {
    const { path, acme, bolt, send } = await overloaded();
    send();
    expect(status(path, bolt)).toEqual({});
    expect(status(path, acme)).toEqual({ '503 hub-overloaded': 44 });
    expect(acme.member.counts.shed).toBe(44);
    expect(path.counts.shed).toBe(44);
  });

  it('is none for as long as it warms up, counted from its first request', async () => {
    const { path, window } = await crowded({ warmUp: '2s' });
    path.state.lag = 400;
    // It sent one before, in the window that ended at 0.
    for (let windows = 0; windows < 19; windows += 1) window();
    expect(path.shedding.gauges.state()).toBe('calm');
    for (let windows = 0; windows < 3; windows += 1) window();
    expect(path.shedding.gauges.state()).toBe('shedding');
  });

  it('tells when to come back, at random within what is configured', async () => {
    const { acme, send } = await overloaded({ retryAfter: { from: 3, to: 9 } });
    send();
    expect(acme.written.at(-1)).toContain('\r\nRetry-After: 3\r\n');
    expect(acme.written.at(-1)).toContain('hub-overloaded');
    // What was refused can be looked for.
    expect(acme.written.at(-1)).toMatch(/\r\nWarning: 399 hub\.example "trace [0-9a-f]{32}"\r\n/);
  });

  it('reads nothing more from who goes on, until the next window', async () => {
    const { path, acme, bolt, send } = await overloaded();
    send();
    expect([acme.held, bolt.held]).toEqual([true, false]);
    path.state.now += 100;
    path.shedding.tick(path.state.now);
    expect(acme.held).toBe(false);
  });

  it('lets requests in dialogs, BYE, ACK, CANCEL and questions after itself pass', async () => {
    const stage = await crowded();
    const { path, acme } = stage;
    path.take(sip({ method: 'INVITE', branch: 'z9hG4bKcall' }), acme);
    await path.asks.at(-1)?.answer({});
    await path.pass(path.state.now);
    const route = `Route: ${path.sent.at(-1)?.recordRoutes[0]}`;
    path.state.lag = 400;
    stage.window();
    stage.window();
    stage.send();
    acme.written.length = 0;
    const inDialog = { to: '<sip:bob@bolt.example>;tag=2', headers: [route] };
    for (const method of ['MESSAGE', 'INFO', 'BYE']) path.take(sip({ method, ...inDialog }), acme);
    path.take(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }), acme);
    path.take(sip({ method: 'CANCEL', branch: 'z9hG4bKcall' }), acme);
    path.take(sip({ method: 'ACK', ...inDialog }), acme);
    for (const ask of path.asks) await ask.answer({});
    expect(path.said(acme)).toEqual(['200', '200']);
    expect(path.counts.acksForwarded).toBe(1);
  });

  it('is not taken in by a To tag', async () => {
    const { path, acme, send } = await overloaded();
    send({ to: '<sip:bob@bolt.example>;tag=2' });
    expect(status(path, acme)).toEqual({ '503 hub-overloaded': 44 });
  });

  it('reads no more from who floods it with what is never refused', async () => {
    const { path, acme } = await overloaded();
    for (const _ of times(200)) path.take(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }), acme);
    expect(status(path, acme)).toEqual({ '200': 200 });
    expect(acme.held).toBe(true);
  });

  it('reads no more from who floods it with what is no message', async () => {
    const { path, acme } = await overloaded();
    for (const _ of times(200)) path.shedding.worked(acme.member);
    expect(acme.held).toBe(true);
    expect(acme.member.asked).toBe(200);
  });

  it('charges a member for answers that nobody asked it for, and for no others', async () => {
    const { path, bolt } = await overloaded();
    for (const _ of times(50)) noteOwed(bolt.member);
    for (const _ of times(200)) path.shedding.answered(bolt.member);
    expect([bolt.held, bolt.member.asked]).toEqual([false, 0]);
    for (const _ of times(200)) path.shedding.answered(bolt.member);
    expect([bolt.held, bolt.member.asked]).toEqual([true, 200]);
  });

  it('keeps a share for who comes new', async () => {
    const { path } = await overloaded();
    const cliff = path.wire('cliff');
    path.take(sip({ from: '<sip:c@cliff.example>;tag=1' }), cliff);
    await path.asks.at(-1)?.answer({});
    expect(path.said(cliff)).toEqual([]);
  });

  it('does not begin to shed while members move to another relay, and does when the wait outlasts that', async () => {
    const stage = await crowded();
    stage.path.state.lag = 400;
    stage.path.shedding.relaysChanged(stage.path.state.now);
    for (let windows = 0; windows < 19; windows += 1) stage.window();
    expect(stage.path.shedding.gauges.state()).toBe('calm');
    for (let windows = 0; windows < 4; windows += 1) stage.window();
    expect(stage.path.shedding.gauges.state()).toBe('shedding');
    stage.path.shedding.relaysChanged(stage.path.state.now);
    stage.window();
    expect(stage.path.shedding.gauges.state()).toBe('shedding');
  });

  it('is calm again when there is room', async () => {
    const { path, acme, window } = await overloaded();
    path.state.lag = 0;
    for (const _ of times(20)) window();
    expect(path.shedding.gauges.state()).toBe('calm');
    acme.written.length = 0;
    window();
    expect(path.said(acme)).toEqual([]);
  });

  it('refuses nothing where that is switched off', async () => {
    const { path, acme, window } = await crowded({ enabled: false });
    path.state.lag = 4_000;
    for (const _ of times(10)) window();
    expect(path.said(acme)).toEqual([]);
  });
});

describe('what a relay tells', () => {
  const asked = async (tell: (path: Path, now: number) => void) => {
    const stage = await crowded();
    for (const _ of times(4)) {
      tell(stage.path, stage.path.state.now);
      stage.window();
    }
    return stage.path.shedding.gauges.state();
  };

  it('of its own lateness sheds, and so does what its batches waited', async () => {
    expect(await asked((path, now) => path.shedding.relayTold('r', 190, 0, 0, now))).toBe('shedding');
    expect(await asked((path, now) => path.shedding.relayTold('r', 0, now + 1_000 - 190, 0, now + 1_000))).toBe('shedding');
  });

  it('of a batch that it took in time sheds nothing, however long the far member took', async () => {
    expect(await asked((path, now) => path.shedding.relayTold('r', 0, now + 1_000 - 900, 895, now + 1_000))).toBe('calm');
  });

  it('counts with its least: one batch that waited is no delay that stands', async () => {
    const tell = (path: Path, now: number) => {
      path.shedding.relayTold('r', 900, 0, 0, now);
      path.shedding.relayTold('r', 3, 0, 0, now);
    };
    expect(await asked(tell)).toBe('calm');
  });

  it('again after a pause says nothing', async () => {
    const tell = (path: Path, now: number) => {
      path.shedding.relayTold('r', 0, 5_000, 1, 5_003);
      path.shedding.relayTold('r', 0, 100, 1, now + 6_000);
    };
    expect(await asked(tell)).toBe('calm');
  });

  it('goes past the end of the counter', async () => {
    const end = 2 ** 32;
    expect(await asked((path, now) => path.shedding.relayTold('r', 0, (end - 1) >>> 0, 2, end + now + 4))).not.toBe('late');
  });

  it('is forgotten after a second of silence', async () => {
    const stage = await crowded();
    stage.path.shedding.relayTold('r', 900, 0, 0, 0);
    stage.window();
    expect(stage.path.shedding.gauges.relayDelay()).toBe(900);
    stage.path.state.now = 2_000;
    stage.window();
    expect(stage.path.shedding.gauges.relayDelay()).toBe(0);
  });
});

describe('a peer that asks for overload control (RFC 7339)', () => {
  const via = (text: string, parameters: string): string => text.replace(';rport', parameters);
  const topVia = (text: string | undefined): string => /\r\nVia: ([^\r]*)/.exec(text ?? '')?.[1] ?? '';

  it('is told that there is nothing to hold back, in answers of the hub and of the far member', async () => {
    const { path, acme } = await crowded();
    path.take(via(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }), ';oc;oc-algo="loss"'), acme);
    expect(topVia(acme.written.pop())).toMatch(/;oc=0;oc-algo="loss";oc-validity=0;oc-seq=\d+\.\d{5}$/);

    path.take(via(sip({ branch: 'z9hG4bKoc' }), ';oc;oc-algo="loss"'), acme);
    const transaction = [...path.transactions.all()].find((one) => one.oc !== '');
    expect(transaction).toBeDefined();
    if (transaction === undefined) return;
    const far =
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS proxy.acme.example:5061;branch=z9hG4bKoc;oc=100;oc-algo="loss";oc-seq=9.9;oc-validity=9\r\nContent-Length: 2\r\n\r\n\xe9!';
    const bytes = Buffer.from(far, 'latin1');
    path.responses.pass(transaction, 200, bytes, 0, bytes.length, 0);
    const [answer] = acme.written.splice(0);
    expect(answer).toMatch(/;branch=z9hG4bKoc;oc=0;oc-algo="loss";oc-validity=0;oc-seq=\d+\.\d{5}\r\nContent-Length: 2\r\n\r\n\xe9!$/);
    expect(path.transactions.byId(transaction.id)).toBeUndefined();
  });

  it('is told how much, and only who is beyond its share', async () => {
    const { path, acme, bolt } = await overloaded();
    const ask = { method: 'OPTIONS', uri: 'sip:hub.example' };
    for (const [wire, from] of [
      [acme, {}],
      [bolt, fromBolt],
    ] as const)
      path.take(via(sip({ ...from, ...ask }), ';oc'), wire);
    expect(topVia(acme.written.pop())).toMatch(/;oc=[1-9]\d*;oc-algo="loss";oc-validity=1000;/);
    expect(topVia(bolt.written.pop())).toMatch(/;oc=0;oc-algo="loss";oc-validity=0;/);
  });

  it('alone is told: who does not ask, or asks for something else, gets nothing', async () => {
    const { path, acme } = await overloaded();
    for (const asks of [';rport', ';oc;oc-algo="rate"']) path.take(via(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }), asks), acme);
    for (const text of acme.written.splice(0)) expect(topVia(text)).not.toMatch(/oc=|oc-seq/);
    expect(path.counts.ocTold).toBe(0);
  });

  it('gets nothing where that is switched off, from the far member neither', async () => {
    const { path, acme } = await crowded({ oc: false });
    path.take(via(sip({ branch: 'z9hG4bKoff' }), ';oc'), acme);
    const transaction = [...path.transactions.all()].find((one) => one.oc !== '');
    if (transaction === undefined) throw new Error('no transaction');
    const bytes = Buffer.from('SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS a;branch=z9hG4bKoff;oc=100\r\nContent-Length: 0\r\n\r\n');
    path.responses.pass(transaction, 200, bytes, 0, bytes.length, 0);
    expect(topVia(acme.written.pop())).toBe('SIP/2.0/TLS a;branch=z9hG4bKoff');
  });
});

describe('a far member that does not answer', () => {
  it('fills its pair, and nothing else of the sender', async () => {
    const path = messagePath({ inFlightPerPair: 3 });
    const acme = path.wire('acme');
    path.take(sip(), acme);
    path.take(sip({ uri: 'sip:c@cliff.example' }), acme);
    for (const ask of path.asks) await ask.answer({ member: ask.ask.target?.value === 'cliff.example' ? 'cliff' : 'bolt' });
    for (const _ of times(4)) path.take(sip(), acme);
    path.take(sip({ uri: 'sip:c@cliff.example' }), acme);
    expect(path.said(acme)).toEqual(['500 member-queue-full', '500 member-queue-full']);
    expect([...acme.member.towards]).toEqual([
      ['bolt', 3],
      ['cliff', 2],
    ]);
    for (const transaction of [...path.transactions.all()]) path.responses.refuse(transaction, 504, 'no-answer', 'silent', 0);
    expect([...acme.member.towards]).toEqual([]);
    path.take(sip(), acme);
    expect(acme.member.towards.get('bolt')).toBe(1);
    await path.pass(60_000);
    expect([...acme.member.towards]).toEqual([]);
  });
});
