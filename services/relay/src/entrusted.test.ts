import { describe, expect, it } from 'vitest';
import { request, wiresStage } from './wires.stage.js';

const invite = request.replaceAll('MESSAGE', 'INVITE');

describe('a request that an ingress has', () => {
  /** One that ingress-2 heard. */
  async function taken(text = request) {
    const stage = wiresStage('ingress-1', 'ingress-2');
    stage.hear('ingress-1');
    stage.hear('ingress-2');
    stage.ask(text);
    await stage.settle();
    expect(stage.heard()).toEqual([`ingress-2 ${text.split(' ')[0]}`]);
    return stage;
  }

  it('is answered once, when that ingress stays away, and by nobody later', async () => {
    const { state, pass, told, answer, wires, link, heard } = await taken();
    state.epochs.delete('ingress-2');
    await pass(250);
    expect([told(), wires.owes(link), wires.waiting()]).toEqual([[], true, 1]);
    await pass(2_000);
    expect(link.written[0]).toMatch(/^SIP\/2.0 503 .*text="hub-unavailable: /s);
    expect(link.written[0]).not.toContain('Retry-After');
    expect([told(), wires.owes(link), wires.waiting()]).toEqual([['503'], false, 0]);
    state.epochs.set('ingress-2', 'e1');
    answer(200);
    await pass(60_000);
    expect([told(), heard()]).toEqual([[], []]);
  });

  it('is answered at once when another incarnation has the place of that ingress', async () => {
    const { state, pass, told } = await taken();
    state.epochs.set('ingress-2', 'e2');
    await pass(250);
    expect(told()).toEqual(['503']);
  });

  it('is waited for when that ingress is back in time, which is told it again', async () => {
    const { state, pass, told, answer, heard } = await taken();
    state.epochs.delete('ingress-2');
    await pass(250);
    state.epochs.set('ingress-2', 'e1');
    await pass(250);
    await pass(1_000);
    await pass(5_000);
    expect(heard()).toEqual(['again ingress-2 MESSAGE']);
    state.epochs.delete('ingress-2');
    await pass(250);
    expect(told()).toEqual([]);
    answer(200);
    await pass(5_000);
    expect(told()).toEqual(['200']);
  });

  it('is not the relay’s to answer once it was answered; a provisional answers nothing', async () => {
    const { state, pass, told, answer, wires, link } = await taken(invite);
    answer(180, invite);
    expect([told(), wires.owes(link)]).toEqual([['180'], true]);
    answer(200, invite);
    expect([told(), wires.owes(link)]).toEqual([['200'], false]);
    state.epochs.delete('ingress-2');
    await pass(250);
    await pass(2_000);
    answer(200, invite);
    expect(told()).toEqual(['200']);
  });

  it('is told apart from others of its link: by method, and by more where its branch is of RFC 2543', async () => {
    const old = request.replace('z9hG4bK1', 'old');
    const { ask, settle, told, answer, wires } = await taken(old);
    const later = old.replace('CSeq: 1', 'CSeq: 2');
    ask(later);
    const third = later.replace('Call-ID: c1', 'Call-ID: c2');
    ask(third);
    await settle();
    expect(wires.waiting()).toBe(3);
    for (const text of [later, third]) answer(200, text);
    expect([told(), wires.waiting()]).toEqual([['200', '200'], 1]);
    answer(200, old.replaceAll('MESSAGE', 'OPTIONS'));
    expect(wires.waiting()).toBe(1);
  });

  it('is absorbed when it comes again, and what cancels it follows it to its ingress', async () => {
    const { ask, settle, heard, state, answer, told } = await taken(invite);
    ask(invite);
    // Nobody takes new work.
    state.epochs.clear();
    const cancel = request.replaceAll('MESSAGE', 'CANCEL');
    ask(cancel);
    ask(request.replaceAll('MESSAGE', 'ACK'));
    await settle();
    expect(heard()).toEqual(['ingress-2 CANCEL']);
    answer(200, cancel);
    answer(487, invite);
    expect(told()).toEqual(['200', '487']);
  });

  it('an ACK of the relay’s own answer ends here', async () => {
    const { ask, settle, heard, state, pass, told } = await taken(invite);
    state.epochs.set('ingress-2', 'e2');
    await pass(250);
    expect(told()).toEqual(['503']);
    ask(request.replaceAll('MESSAGE', 'ACK'));
    await settle();
    expect(heard()).toEqual([]);
  });

  it('is said again to that ingress, once, when NATS was away here or there, and never to another', async () => {
    const { bus, wires, state, pass, heard, told } = await taken();
    bus.setConnected(false);
    wires.busIs(false, state.now);
    await pass(500);
    bus.setConnected(true);
    wires.busIs(true, state.now);
    await pass(999);
    expect(heard()).toEqual([]);
    await pass(1);
    await pass(5_000);
    expect(heard()).toEqual(['again ingress-2 MESSAGE']);
    state.returns.set('ingress-1', 1);
    await pass(250);
    await pass(1_000);
    expect(heard()).toEqual([]);
    state.returns.set('ingress-2', 1);
    await pass(250);
    await pass(1_000);
    await pass(5_000);
    expect([heard(), told()]).toEqual([['again ingress-2 MESSAGE'], []]);
  });

  it('is not said to another when that ingress does not hear it again, but answered once it is given up', async () => {
    const stage = wiresStage('ingress-1', 'ingress-2');
    stage.hear('ingress-1');
    const stop = stage.hear('ingress-2');
    stage.ask();
    await stage.settle();
    stop();
    stage.state.returns.set('ingress-2', 1);
    await stage.pass(250);
    await stage.pass(1_000);
    stage.state.epochs.delete('ingress-2');
    await stage.pass(250);
    await stage.pass(2_000);
    expect([stage.heard(), stage.told()]).toEqual([['ingress-2 MESSAGE'], ['503']]);
  });

  it('is answered when NATS stays away', async () => {
    const { bus, wires, state, pass, told } = await taken();
    bus.setConnected(false);
    wires.busIs(false, state.now);
    await pass(2_999);
    expect(told()).toEqual([]);
    await pass(1);
    expect(told()).toEqual(['503']);
  });

  it('is answered though NATS was away for a moment while its ingress stayed away', async () => {
    const { bus, wires, state, pass, told } = await taken();
    state.epochs.delete('ingress-2');
    await pass(250);
    await pass(1_500);
    bus.setConnected(false);
    wires.busIs(false, state.now);
    await pass(1_000);
    expect(told()).toEqual([]);
    bus.setConnected(true);
    wires.busIs(true, state.now);
    await pass(250);
    expect(told()).toEqual(['503']);
  });

  it('is answered before its link is closed', async () => {
    const { wires, link, answer } = await taken();
    wires.leave(link);
    expect(link.written.splice(0)[0]).toMatch(/^SIP\/2.0 503 .*Retry-After.*/s);
    expect([wires.owes(link), wires.waiting()]).toEqual([false, 0]);
    wires.leave(link);
    answer(200);
    expect(link.written).toEqual([]);
  });

  it('is forgotten when its sender waits no more', async () => {
    const { wires, pass, told } = await taken();
    await pass(39_999);
    expect(wires.waiting()).toBe(1);
    await pass(1_000);
    expect([wires.waiting(), told()]).toEqual([0, []]);
  });
});

describe('new requests on links', () => {
  const another = (branch: number) => request.replace('K1', `K${branch}`);

  it('are refused when too many wait, in number or bytes', async () => {
    const { hear, ask, settle, told, answer, link } = wiresStage('ingress-2');
    hear('ingress-2');
    for (const branch of [1, 2, 3, 4]) ask(another(branch));
    await settle();
    expect(link.written[0]).toContain('hub-overloaded');
    expect(told()).toEqual(['503']);
    answer(200);
    ask(another(5).replace('Content-Length: 0\r\n\r\n', `Content-Length: 19900\r\n\r\n${'x'.repeat(19_900)}`));
    expect(told()).toEqual(['200', '503']);
    ask(another(6));
    expect(told()).toEqual([]);
  });

  it('are refused by a relay that ends, but for what belongs to those it has', async () => {
    const { hear, ask, settle, told, heard, wires } = wiresStage('ingress-2');
    hear('ingress-2');
    ask(invite);
    await settle();
    wires.refuseNew();
    ask(another(2));
    ask(request.replaceAll('MESSAGE', 'CANCEL'));
    ask(request.replaceAll('MESSAGE', 'ACK'));
    await settle();
    expect([told(), heard()]).toEqual([['503'], ['ingress-2 INVITE', 'ingress-2 CANCEL']]);
  });
});
