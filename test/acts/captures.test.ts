import { KeptBatch, type KeptMessage } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asked, openApi } from '../stage/admin.js';
import { exchangeWithin, openCall } from '../stage/call.js';
import { startCaptureServer } from '../stage/capture-server.js';
import { exchange } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { followStream, type StoredMessages } from '../stage/record-stream.js';

/** In every body; nowhere else. */
const canary = 'canary-in-a-body';
const session = 'Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000';

const homer = await startCaptureServer();
afterAll(() => homer.close());

describe('copies for a capture server', () => {
  const { actor, hub } = perform({
    cast: { acme: {}, bolt: {} },
    settings: { ingress: { hep: { enabled: true, port: homer.port, captureId: 7, password: 'homer-pass' } } },
  });

  it('each message in and out at ingress, its head alone, with both ends, its Call-ID and the secret', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const { said, final } = await exchange(acme, bolt, { body: canary }, { body: canary });
    const came = await homer.hear('the request', ({ callId, payload }) => callId === said.callId && payload.startsWith('MESSAGE '));
    const went = await homer.hear('its answer', ({ callId, payload }) => callId === said.callId && payload.startsWith('SIP/2.0 200 '));
    expect(came.payload).toBe(said.text.slice(0, -canary.length));
    expect(went.payload).toBe(final.text.slice(0, -canary.length));
    const door = `127.0.0.1:${hub().ingresses[0]?.port}`;
    expect([came.to, went.from]).toEqual([door, door]);
    expect(came.from).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(went.to).toBe(came.from);
    for (const { at, captureId, name, key } of [came, went]) {
      expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
      expect([captureId, name, key]).toEqual([7, 'ingress-1', 'homer-pass']);
    }
    await expect.poll(() => hub().counted('ingress', 'guildhall_hep_packets_total', { result: 'sent' })).toBeGreaterThan(1);
    expect(await hub().counted('ingress', 'guildhall_hep_packets_total', { result: 'failed' })).toBe(0);
  });

  it('what is refused too, and what cannot be read', async () => {
    const acme = actor('acme');
    const posing = acme.say('MESSAGE', 'sip:bob@bolt.example', { from: '<sip:bob@bolt.example>' });
    await acme.hearAnswer(posing, 403);
    await homer.hear('the refusal', ({ callId, payload }) => callId === posing.callId && payload.startsWith('SIP/2.0 403 '));
    const broken = acme.say('MESSAGE', 'sip:bob@bolt.example', { headers: ['CSeq: 2 INVITE'] });
    await acme.hearAnswer(broken, 400);
    await homer.hear('what is broken', ({ callId, payload }) => callId === broken.callId && payload.startsWith('MESSAGE '));
    await homer.hear('its refusal', ({ callId, payload }) => callId === broken.callId && payload.startsWith('SIP/2.0 400 '));
  });

  it('of all of it nothing of a body, and no credentials', async () => {
    const acme = actor('acme');
    const { said } = await exchange(acme, actor('bolt'), { headers: ['Proxy-Authorization: Digest response="0a1b"'], body: canary });
    const { payload } = await homer.hear('the request', ({ callId }) => callId === said.callId);
    expect(payload).toContain('\r\nProxy-Authorization: (cut)\r\n');
    for (const one of homer.captured) expect(one.payload).not.toContain(canary);
  });
});

describe('heads that are kept', () => {
  const { actor, hub } = perform({
    apart: true,
    log: 'debug',
    cast: { acme: {}, bolt: {}, crow: {} },
    topology: { ingresses: 1, relays: 2, policies: 2 },
    settings: { ingress: { kept: { logme: ['acme'], interval: '20ms' } } },
  });
  let stream: StoredMessages;
  const kept = (): KeptMessage[] => stream.messages.flatMap(({ data }) => KeptBatch.decode(data).messages);
  const of = (callId: string) =>
    kept()
      .filter((one) => one.callId === callId)
      .map(({ member, inbound, head, why }) => `${member} ${inbound ? '>' : '<'} ${words(head)} (${why})`);
  const until = (callId: string, count: number) =>
    stream.until(
      `${count} heads of ${callId}`,
      () => of(callId).length >= count,
      () => of(callId).join(', '),
    );

  beforeAll(async () => {
    stream = await followStream(hub(), 'KEPT');
  });
  afterAll(() => stream?.close());

  it('of a call whose caller marked it: everything to the answer of its BYE, and the marker passes', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const { invite, heardInvite, caller } = await openCall(acme, bolt, [`${session};logme`]);
    const bye = await exchangeWithin(acme, caller, bolt, 'BYE');
    const { callId } = invite;
    await until(callId, 6);
    expect(of(callId)).toEqual([
      'acme > INVITE (logme)',
      'acme < 100 (logme)',
      'acme < 200 (logme)',
      'acme > ACK (logme)',
      'acme > BYE (logme)',
      'acme < 200 (logme)',
    ]);
    expect(heardInvite.text).toContain(`\r\n${session};logme\r\n`);
    expect(bye.text).not.toContain('logme');
  });

  it('not of who may not mark, and not of what nobody marked', async () => {
    const { said: forbidden } = await exchange(actor('bolt'), actor('acme'), { headers: [`${session};logme`] });
    const { said: unmarked } = await exchange(actor('acme'), actor('bolt'));
    const { said: marked } = await exchange(actor('acme'), actor('bolt'), { headers: [`${session};logme`] });
    await until(marked.callId, 2);
    expect([of(forbidden.callId), of(unmarked.callId)]).toEqual([[], []]);
  });

  it('of a member that an operator marked, until the mark is taken back', async () => {
    const api = openApi(hub());
    await asked((done) => api.admin.markMember({ member: 'crow', forMs: 600_000n, why: 'a complaint' }, done));
    // That ingress has heard of the mark is seen by what it keeps.
    await expect
      .poll(async () => {
        const { said } = await exchange(actor('crow'), actor('bolt'));
        await exchange(actor('acme'), actor('bolt'), { headers: [`${session};logme`] });
        return of(said.callId).length > 0;
      })
      .toBe(true);
    const { said: from } = await exchange(actor('crow'), actor('bolt'));
    const { said: to } = await exchange(actor('bolt'), actor('crow'));
    const { said: others } = await exchange(actor('bolt'), actor('acme'));
    await until(to.callId, 2);
    expect(of(from.callId)).toEqual(['crow > MESSAGE (trace crow)', 'crow < 200 (trace crow)']);
    expect(of(to.callId)).toEqual(['bolt > MESSAGE (trace crow)', 'bolt < 200 (trace crow)']);
    expect(of(others.callId)).toEqual([]);
    await asked((done) => api.admin.unmarkMember({ member: 'crow', why: 'it is found' }, done));
    api.close();
    await expect
      .poll(async () => {
        const { said } = await exchange(actor('crow'), actor('bolt'));
        const { said: fence } = await exchange(actor('acme'), actor('bolt'), { headers: [`${session};logme`] });
        await until(fence.callId, 2);
        return of(said.callId);
      })
      .toEqual([]);
  });

  it('of all of it nothing of a body and no credentials, and nothing of it in any log', async () => {
    const headers = [`${session};logme`, 'Authorization: Digest response="0a1b"', 'Subject: only-in-a-head'];
    const { said } = await exchange(actor('acme'), actor('bolt'), { headers, body: canary });
    await until(said.callId, 2);
    const all = Buffer.concat(stream.messages.map(({ data }) => Buffer.from(data))).toString('latin1');
    expect(all).toContain('only-in-a-head');
    expect(all).toContain('Authorization: (cut)');
    expect(all).not.toContain(canary);
    const logs = [...hub().ingresses, ...hub().relays, ...hub().policies].map((one) => JSON.stringify(one.log()));
    for (const log of logs) for (const word of ['only-in-a-head', '0a1b', canary]) expect(log).not.toContain(word);
  });
});

function words(head: Uint8Array): string {
  const [first = '', second = ''] = Buffer.from(head).toString('latin1').split(' ', 2);
  return first === 'SIP/2.0' ? second : first;
}
