import { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Intruder, intrude } from '../stage/bus.js';
import { exchangeWithin, openCall } from '../stage/call.js';
import { createCanary } from '../stage/canary.js';
import { dialogOfCallee, within } from '../stage/dialog.js';
import { type EventStream, getText, openEvents } from '../stage/events.js';
import { exchange, hearRequest, refusal } from '../stage/exchange.js';
import { totalsOfTraffic } from '../stage/figures.js';
import { type Listener, openCapture, openCollector } from '../stage/listeners.js';
import { openMetrics } from '../stage/metrics.js';
import { perform } from '../stage/performance.js';
import { followRecords, followStream, type RecordStream, type StoredMessages } from '../stage/record-stream.js';
import { fresh } from '../stage/speech.js';

const patience = 20_000;

describe.each(['hashed', 'full', 'domain'] as const)('nothing of a body is kept or told anywhere, and users as is set: %s', (privacy) => {
  const listeners: Listener[] = [];
  const telemetry = { traces: 1, metrics: true, metricsInterval: '1s', interval: '100ms' };
  const told = { telemetry: { ...telemetry, otlp: { url: '' } } };
  const hep = { enabled: true, host: '127.0.0.1', port: 0 };
  const settings = {
    policy: told,
    relay: told,
    console: told,
    ingress: { ...told, hep, kept: { logme: 'all' as const }, records: { privacy } },
  };
  beforeAll(async () => {
    const [collector, capture] = [await openCollector(), await openCapture()];
    listeners.push(collector, capture);
    told.telemetry.otlp.url = `http://${collector.address}`;
    hep.port = capture.port;
  });
  const { actor, hub } = perform({
    apart: true,
    log: 'debug',
    topology: { ingresses: 1, relays: 1, policies: 1, consoles: 1 },
    cast: { acme: {}, bolt: {}, crow: {} },
    rules: [{ id: 'no-dan', from: { any: true }, to: { user: 'dan@bolt.example' }, action: 'deny', reason: 'not him' }],
    settings,
  });
  const [body, user] = [createCanary(), createCanary()];
  let stream: RecordStream;
  let raw: StoredMessages;
  let kept: StoredMessages;
  let bus: Intruder;
  let frames: Awaited<ReturnType<Intruder['overhear']>>;
  let events: EventStream;
  let tail: EventStream;

  beforeAll(async () => {
    stream = await followRecords(hub());
    raw = await followStream(hub(), 'RECORDS');
    kept = await followStream(hub(), 'KEPT');
    bus = await intrude(hub());
    frames = await bus.overhear('gh.v1.traffic');
    events = await openEvents(hub(), '/v1/traffic');
    tail = await openEvents(hub(), '/v1/records/tail');
  });
  afterAll(async () => {
    events?.close();
    tail?.close();
    for (const one of [stream, raw, kept, bus]) await one?.close();
    for (const listener of listeners) await listener.close();
  });

  /** Everything that is kept or told, by where. */
  async function places(): Promise<Record<string, string | Uint8Array>> {
    const [collector, capture] = listeners;
    const { ingresses, relays, policies, consoles } = hub();
    const all = [...ingresses, ...relays, ...policies, ...consoles];
    const metrics = await Promise.all(
      all.map(
        async ({ id, addresses }) => [`metrics of ${id}`, await (await fetch(`http://${addresses['admin']}/metrics`)).text()] as const,
      ),
    );
    const history = await getText(hub(), '/v1/traffic/history');
    const search = await getText(hub(), '/v1/records');
    const api = openMetrics(hub());
    const found = await api.search({});
    api.close();
    return {
      RECORDS: Buffer.concat(raw.messages.map(({ data }) => data)),
      KEPT: Buffer.concat(kept.messages.map(({ data }) => data)),
      frames: Buffer.concat(frames.map(({ data }) => data)),
      'events of traffic': events.raw(),
      'events of records': tail.raw(),
      history: history.text,
      'search over HTTPS': search.text,
      'search over gRPC': JSON.stringify(found, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
      OTLP: Buffer.concat(collector?.heard ?? []),
      HEP: Buffer.concat(capture?.heard ?? []),
      ...Object.fromEntries(metrics),
      ...Object.fromEntries(
        all.map((one) => [
          `log of ${one.id}`,
          one
            .log()
            .map((line) => JSON.stringify(line))
            .join('\n'),
        ]),
      ),
    };
  }
  const calls: string[] = [];
  const marked = () => `Session-ID: ${fresh().padEnd(32, '0').slice(0, 32)};remote=${'0'.repeat(32)};logme`;
  const typed = (type: string) => [`Content-Type: ${type}`, marked()];

  it('every kind of message carries the canary', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const { text } = body;
    const note = <T extends { readonly said: { readonly callId: string } }>(one: T) => {
      calls.push(one.said.callId);
      return one;
    };
    const sdp = `v=0\r\no=- 1 1 IN IP4 10.1.1.1\r\ns=${text}\r\nc=IN IP4 10.1.1.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=${text}\r\n`;
    const parts = `--b\r\nContent-Type: text/plain\r\nX-${text}: 1\r\n\r\n${text}\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b--\r\n`;
    const frag = `SIP/2.0 200 ${text}\r\nCall-ID: ${text}\r\n\r\n`;
    for (const [type, content] of [
      ['text/plain', text],
      ['multipart/mixed;boundary=b', parts],
      ['message/sipfrag', frag],
      ['message/cpim', `From: <im:${text}@acme.example>\r\n\r\nContent-Type: text/plain\r\n\r\n${text}`],
    ] as const) {
      const words = { headers: typed(type), body: content, from: `<sip:${user.text}@acme.example>`, to: `<sip:${user.text}@bolt.example>` };
      note(await exchange(acme, bolt, words, { headers: ['Content-Type: text/plain'], body: text }));
    }
    note(
      await exchange(
        acme,
        bolt,
        { method: 'INVITE', headers: typed('application/sdp'), body: sdp },
        { headers: typed('application/sdp'), body: sdp },
      ),
    );
    acme.forget();
    const call = await openCall(acme, bolt);
    const info = within(call.caller, 'INFO', { headers: typed('text/plain'), body: text });
    acme.line().say(info.text);
    bolt.answer(await hearRequest(bolt, info), 200, { body: text });
    await acme.hearFinal(info);
    await exchangeWithin(bolt, call.callee, acme, 'BYE');
    const watch = note(
      await exchange(acme, bolt, { method: 'SUBSCRIBE', headers: ['Event: presence', 'Contact: <sip:a@10.1.1.1>', marked()], body: text }),
    );
    const notify = within(dialogOfCallee(watch.request), 'NOTIFY', {
      headers: ['Event: presence', ...typed('application/pidf+xml')],
      body: `<note>${text}</note>`,
    });
    bolt.line().say(notify.text);
    acme.answer(await hearRequest(acme, notify), 200);
    await bolt.hearFinal(notify);

    const lost = acme.say('MESSAGE', 'sip:bob@bolt.example', { headers: typed('text/plain'), body: text });
    bolt.answer(await hearRequest(bolt, lost), 404, { headers: ['Content-Type: text/plain'], body: text });
    await acme.hearFinal(lost);
    actor('crow').shutDoor();
    await actor('crow').cutAccepted();
    const words = { headers: typed('text/plain'), body: text };
    const refused: [string, string, typeof words & { readonly from?: string; readonly cseq?: number; readonly maxForwards?: number }][] = [
      ['500 member-unreachable', 'sip:carol@crow.example', words],
      ['403 denied-by-rule', 'sip:dan@bolt.example', words],
      ['404 unknown-domain', 'sip:bob@nobody.test', words],
      ['403 from-not-yours', 'sip:bob@bolt.example', { ...words, from: '<sip:carol@crow.example>' }],
      ['483 too-many-hops', 'sip:bob@bolt.example', { ...words, maxForwards: 0 }],
      ['400 bad-message', 'sip:bob@bolt.example', { ...words, cseq: 2 ** 40 }],
    ];
    for (const [expected, uri, said] of refused) {
      const request = acme.request('MESSAGE', uri, said);
      calls.push(request.callId);
      expect(await refusal(acme, request)).toBe(expected);
    }
  });

  it('it is nowhere, though everything was told and kept', { timeout: 90_000 }, async () => {
    await stream.until('every call', (records) => calls.every((callId) => records.some((record) => record.callId === callId)), patience);
    const heads = () => Buffer.concat(kept.messages.map(({ data }) => data));
    const lacking = () => calls.filter((callId) => !heads().includes(callId));
    await kept.until(
      'heads of all',
      () => lacking().length === 0,
      () => `nothing of ${lacking()} among ${calls}`,
      patience,
    );
    const last = calls.at(-1) ?? '';
    await tail.until('the last call', () => tail.raw().includes(last), patience);
    await expect
      .poll(() => listeners.map(({ heard }) => Buffer.concat(heard)).map((bytes) => [bytes.includes(last), bytes.includes('bolt')]), {
        timeout: patience,
      })
      .toEqual([
        [false, true],
        [true, true],
      ]);
    const told = () => totalsOfTraffic(frames.map(({ data }) => TrafficFrame.decode(data))).all.requests;
    await expect.poll(told, { timeout: patience }).toBe(stream.records().length);
    const all = await places();
    expect(Object.keys(all).filter((place) => all[place]?.length === 0)).toEqual([]);
    expect(body.sightings({ control: `<${body.text}>`, hidden: Buffer.from(`x${body.text}y`).toString('base64') })).toEqual([
      'control',
      'hidden',
    ]);
    expect(body.sightings(all)).toEqual([]);
  });

  it('and a user is where the setting lets one be', async () => {
    // Who asks for heads gets From and To: that is what they are for.
    const { KEPT, HEP, ...all } = await places();
    expect(user.sightings({ KEPT: KEPT ?? '', HEP: HEP ?? '' })).toEqual(['KEPT', 'HEP']);
    const shown = user.sightings(all);
    if (privacy === 'full') expect(shown).toEqual(['RECORDS', 'events of records', 'search over HTTPS', 'search over gRPC']);
    else expect(shown).toEqual([]);
    const shape = { full: /^[^~@]+@/, hashed: /^~[A-Za-z0-9_-]{11}@acme\.example$/, domain: /^acme\.example$/ }[privacy];
    const users = stream
      .records()
      .filter(({ peer, kind }) => peer === 'acme' && kind === 'transaction')
      .map(({ fromUser }) => fromUser);
    expect(users.filter((one) => !shape.test(one))).toEqual([]);
    expect(new Set(stream.batches().map((batch) => batch.privacy))).toEqual(new Set([privacy]));
  });
});
