import { subjects } from '@guildhall/proto/subjects';
import { connect } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';

describe('ingress and relay share a process and speak without NATS', () => {
  const topology = { ingresses: 1, relays: 1, policies: 1, together: true };
  // A relay that may drain waits for what is under way.
  const settings = { relay: { drain: '10s' } };
  const { actor, hub } = perform({ topology, settings, cast: { acme: {}, bolt: {} } });

  it('refuses while NATS is away all the same, says so, and is well by itself once it is back', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    await exchange(acme, bolt);
    await hub().nats.kill();
    const [ingress] = hub().ingresses;
    const ready = async () => (await fetch(`http://${ingress?.addresses['admin']}/readyz`)).status;
    await expect.poll(ready).toBe(503);
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:bob@bolt.example'))).toBe('503 hub-unavailable');
    await hub().nats.revive();
    await expect.poll(ready, { timeout: 15_000 }).toBe(200);
    await exchange(acme, bolt);
  });

  it('says the same branch to a member that answers late, and passes what it answers, provisionals and finals in order', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    bolt.answer(heard, 180);
    bolt.answer(heard, 486);
    await bolt.hear('ACK');
    expect((await acme.hearFinal(said)).status).toBe(486);
  });

  it('says nothing on NATS of what goes from one to the other', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const { url, user, password } = hub().nats;
    const nats = await connect({ servers: url, user, pass: password });
    const heard: string[] = [];
    const listen = (subject: string) => nats.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) });
    listen(subjects.relay('relay-1'));
    listen(subjects.ingress('ingress-1'));
    listen('done');
    await nats.flush();
    await exchange(acme, bolt);
    await exchange(bolt, acme);
    nats.publish('done');
    await expect.poll(() => heard).toEqual(['done']);
    await nats.close();
  });

  it('answers 503 once its only relay has gone, and nothing is lost that was under way', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    const [relay] = hub().relays;
    const stopped = relay?.stop();
    bolt.answerAlways(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await stopped;
    const late = acme.say('MESSAGE', 'sip:bob@bolt.example');
    expect(outcome(await acme.hearFinal(late, 30_000))).toMatch(/^50[34] /);
  });
});
