import { ownerOf } from '@guildhall/chassis/rendezvous';
import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge } from '../stage/speech.js';

describe('the ingress that took requests over a link the hub dialled is killed', () => {
  const { actor, hub } = perform({ apart: true, cast: { acme: {}, bolt: {} } });

  it('each of them has one final answer on that link', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    const said = bolt.request('MESSAGE', 'sip:alice@acme.example');
    const call = bolt.request('INVITE', 'sip:alice@acme.example');
    request.line.say(said.text + call.text);
    await hearRequest(acme, said);
    acme.answer(await hearRequest(acme, call), 180);
    await bolt.hearAnswer(call, 100);
    await bolt.hearAnswer(call, 180);
    await hub().ingresses[0]?.kill();
    expect(outcome(await bolt.hearFinal(said))).toBe('503 hub-unavailable');
    const final = await bolt.hearFinal(call);
    expect([outcome(final), final.line === request.line]).toEqual(['503 hub-unavailable', true]);
    request.line.say(acknowledge(call, final).text);
    await acme.line().over;
  });
});

describe('the ingress that holds the only connection of a member is told to end', () => {
  const { actor, hub } = perform({
    topology: { ingresses: 2, relays: 2, policies: 1 },
    cast: { acme: {}, dora: { dialsOnly: true } },
    settings: { ingress: { drain: '20s' } },
  });

  it('what that member was asked is answered, and its connection ends then', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const heard = await hearRequest(dora, said);
    const holder = hub().ingresses.find(({ port }) => port === dora.line().remotePort);
    const idle = await actor('acme').dial(dora.line().remotePort);
    const ended = holder?.stop();
    // What has nothing open is closed in the same pass.
    await idle.over;
    dora.answer(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await dora.line().over;
    await ended;
  });
});

describe('a member that only dials out is asked, and one of two dies', () => {
  const { actor, hub } = perform({
    topology: { ingresses: 2, relays: 2, policies: 1 },
    apart: true,
    cast: { acme: {}, dora: { dialsOnly: true } },
  });

  it('the relay that asked: what that member answers to nobody it is asked again by the next owner, and the sender has one answer', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const heard = await hearRequest(dora, said);
    const { relays } = hub();
    const owner = ownerOf(
      'dora',
      relays.map((relay) => relay.id),
    );
    await relays.find((relay) => relay.id === owner)?.kill();
    dora.answerAlways(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await exchange(acme, dora);
  });

  it('the ingress that holds its connection: the sender is told so', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    await hearRequest(dora, said);
    await hub()
      .ingresses.find(({ port }) => port === dora.line().remotePort)
      ?.kill();
    expect(outcome(await acme.hearFinal(said))).toBe('500 member-unreachable');
    await dora.line().over;
  });
});

describe.each(topologies)('NATS goes while requests are open that came in over a link the hub dialled, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it('each has one final answer: its own, or the hub’s where NATS stays away for long', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    const said = ['MESSAGE', 'INFO'].map((method) => bolt.request(method, 'sip:alice@acme.example'));
    const [first, second] = said;
    if (first === undefined || second === undefined) throw new Error('two were said');
    request.line.say(first.text);
    const heard = await hearRequest(acme, first);
    await hub().nats.kill();
    // What the relay knows of NATS by now is its own affair: it hands this on, or says no.
    request.line.say(second.text);
    // A copy with anything but the same branch, and a second final answer, are found unheard.
    acme.answerAlways(heard, 200);
    await hub().nats.revive();
    const final = bolt.hearFinal(second);
    const late = await acme.hearUnless(second, final);
    if (late !== undefined) acme.answerAlways(late, 200);
    for (const one of [await bolt.hearFinal(first), await final]) expect(outcome(one)).toMatch(/^(200|503 hub-unavailable)$/);
  });
});

describe.each(topologies)('NATS stays away for longer than a call waits that came in over a link the hub dialled, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it('its caller has one final answer, and its callee does not ring on when NATS is back (RFC 3261 16.7 step 10)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    const call = bolt.request('INVITE', 'sip:alice@acme.example');
    request.line.say(call.text);
    const heard = await hearRequest(acme, call);
    acme.answer(heard, 180);
    await bolt.hearAnswer(call, 100);
    await bolt.hearAnswer(call, 180);
    await hub().nats.kill();
    const final = await bolt.hearFinal(call);
    expect(outcome(final)).toBe('503 hub-unavailable');
    request.line.say(acknowledge(call, final).text);
    await hub().nats.revive();
    const cancelling = acme.hear('CANCEL');
    // Nobody knows what was lost with NATS: it may be said again before it is cancelled.
    const copy = await acme.hearUnless(call, cancelling);
    if (copy !== undefined) {
      expect(copy.text).toBe(heard.text);
      acme.answer(copy, 180);
    }
    const cancelled = await cancelling;
    expect(cancelled.headers('via')).toEqual([heard.header('via')]);
    acme.answer(cancelled, 200);
    acme.answer(copy ?? heard, 487);
    await acme.hear('ACK');
    await exchange(acme, bolt);
  });
});
