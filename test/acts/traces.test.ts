import { attributes, callIdHash } from '@guildhall/chassis/attributes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain } from '../stage/admin.js';
import { type CollectedSpan, type Collector, startCollector } from '../stage/collector.js';
import { exchange, hearRequest, refusal } from '../stage/exchange.js';
import { readCounter } from '../stage/metric-sum.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Request } from '../stage/speech.js';

/** A hub whose services all send to one collector, which is there before them. */
function traced(
  parts: Omit<Parameters<typeof perform>[0], 'cast' | 'settings'>,
  settings: { traces: number; spansPerSecond?: number; metrics?: boolean },
) {
  const telemetry = { ...settings, interval: 20, metricsInterval: 100, otlp: { url: '', timeout: 500 } };
  let opened: Collector | undefined;
  const collector = (): Collector => {
    if (opened === undefined) throw new Error('the curtain is down');
    return opened;
  };
  beforeAll(async () => {
    opened = await startCollector();
    telemetry.otlp.url = opened.url;
  });
  const performance = perform({
    ...parts,
    cast: { acme: {}, bolt: {}, dora: { entry: { status: 'suspended', statusReason: 'dues not paid' }, offstage: true } },
    settings: { ingress: { telemetry }, relay: { telemetry }, policy: { telemetry } },
  });
  afterAll(() => opened?.close());
  /** The span of a request that `match` fits, by the trace its first span belongs to. */
  const first = (said: Request): Promise<CollectedSpan> =>
    collector().span(`the trace of ${said.callId}`, (span) => span.attributes[attributes.sipCallId] === callIdHash(said.callId));
  const next = (root: CollectedSpan, what: string, service: string, kind: CollectedSpan['kind']): Promise<CollectedSpan> =>
    collector().span(what, (span) => span.traceId === root.traceId && span.service === service && span.kind === kind);
  return { ...performance, collector, first, next };
}

describe.each(topologies)('every transaction is one trace where all are traced, %s', (_, topology) => {
  const { actor, hub, collector, first, next } = traced({ topology }, { traces: 1 });

  it('through ingress, policy and relay, each below the one that asked it', async () => {
    const { said } = await exchange(actor('acme'), actor('bolt'), { body: 'a body that nobody may see' });
    const root = await first(said);
    expect(root).toMatchObject({ service: 'ingress', kind: 'server', name: 'SIP MESSAGE', parentSpanId: '', failed: '' });
    expect(root.attributes).toMatchObject({
      'sip.method': 'MESSAGE',
      'sip.response.status_code': 200,
      'sip.from.domain': 'acme.example',
      'sip.to.domain': 'bolt.example',
      'guildhall.peer': 'acme',
      'guildhall.target': 'bolt',
      'guildhall.answered_by': 'far',
      'client.address': '127.0.0.1',
    });

    const ask = await next(root, 'the question', 'ingress', 'client');
    expect(ask).toMatchObject({ name: 'request gh.v1.ask', parentSpanId: root.spanId, instance: root.instance });
    const decision = await next(root, 'the decision', 'policy', 'server');
    expect(decision).toMatchObject({ name: 'process gh.v1.ask', parentSpanId: ask.spanId });
    expect(decision.attributes).toMatchObject({
      'messaging.system': 'nats',
      'messaging.operation.type': 'process',
      'guildhall.verdict': 'forward',
      'guildhall.reason': 'allowed',
      'guildhall.peer': 'acme',
      'guildhall.target': 'bolt',
    });

    const send = await next(root, 'the way to the relay', 'ingress', 'producer');
    expect(send).toMatchObject({ name: 'send gh.v1.relay.{relay}', parentSpanId: root.spanId });
    const hand = await next(root, 'the relay', 'relay', 'consumer');
    expect(hand).toMatchObject({ name: 'process gh.v1.relay.{relay}', parentSpanId: send.spanId, failed: '' });
    expect(send.attributes['messaging.destination.name']).toBe(`gh.v1.relay.${hand.instance}`);
    expect(send.attributes).toMatchObject({
      'guildhall.relay': hand.instance,
      'guildhall.link.tries': 1,
      'server.port': actor('bolt').port,
    });
    const way = await next(root, 'the far member', 'relay', 'client');
    expect(way).toMatchObject({ name: 'SIP MESSAGE', parentSpanId: hand.spanId, instance: hand.instance });
    expect(way.attributes).toMatchObject({
      'sip.response.status_code': 200,
      'guildhall.target': 'bolt',
      'server.port': actor('bolt').port,
    });
    expect(
      collector()
        .spans()
        .filter((span) => span.traceId === root.traceId),
    ).toHaveLength(6);
  });

  it('without a question where the verdict is at hand', async () => {
    const { said } = await exchange(actor('acme'), actor('bolt'));
    const root = await first(said);
    await next(root, 'the far member', 'relay', 'client');
    await next(root, 'the way to the relay', 'ingress', 'producer');
    const kinds = collector()
      .spans()
      .filter((span) => span.traceId === root.traceId)
      .map((span) => `${span.service} ${span.kind}`);
    expect(kinds.sort()).toEqual(['ingress producer', 'ingress server', 'relay client', 'relay consumer']);
  });

  it('ends at the hub where it is refused, and the one who is refused is told its trace', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const final = await acme.hearFinal(said);
    const root = await first(said);
    expect(root.attributes).toMatchObject({
      'sip.response.status_code': final.status,
      'guildhall.answered_by': 'hub',
      'guildhall.reason': 'target-not-active',
      'guildhall.verdict': 'refuse',
    });
    expect(final.text).toContain(`"trace ${root.traceId}"`);
    expect(await next(root, 'the decision', 'policy', 'server')).toMatchObject({ attributes: { 'guildhall.verdict': 'refuse' } });
  });

  it('and so is a call of the API', async () => {
    await explain(hub(), { from: 'acme', to: 'bolt.example' });
    const call = await collector().span('the call', (span) => span.name === 'guildhall.admin.v1.AdminService/Explain');
    expect(call).toMatchObject({ service: 'policy', kind: 'server', parentSpanId: '', failed: '' });
    expect(call.attributes).toMatchObject({ 'rpc.system.name': 'grpc', 'rpc.response.status_code': 'OK' });
  });

  it('says nothing of users, Call-IDs and bodies', async () => {
    const { said } = await exchange(actor('acme'), actor('bolt'), { body: 'a body that nobody may see' });
    await first(said);
    const told = collector().texts().join('\n');
    for (const secret of ['a body that nobody may see', said.callId, 'alice', 'bob@', 'dan@']) expect(told).not.toContain(secret);
  });
});

describe('where none are traced', () => {
  const { actor, hub, collector, first, next } = traced(
    { topology: { ingresses: 1, relays: 1, policies: 1 } },
    { traces: 0, metrics: true },
  );

  it('the figures of every service are told all the same', async () => {
    await exchange(actor('acme'), actor('bolt'));
    for (const service of ['ingress', 'relay', 'policy']) {
      const build = await collector().metric('guildhall_build_info', (metric) => metric.service === service);
      expect(build).toMatchObject({ instance: `${service}-1`, kind: 'gauge', points: [{ value: 1 }] });
    }
    const decisions = await collector().metric('guildhall_policy_decisions', ({ points }) => points.length > 0);
    expect(decisions).toMatchObject({ kind: 'sum', points: [{ attributes: { verdict: 'forward', reason: 'allowed' }, value: 1 }] });
  });

  it('what passes leaves nothing, and what is refused a trace', async () => {
    const { said } = await exchange(actor('acme'), actor('bolt'));
    const acme = actor('acme');
    const refused = acme.request('MESSAGE', 'sip:dan@dora.example');
    expect(await refusal(acme, refused)).toMatch(/ target-not-active$/);
    const root = await first(refused);
    expect(root).toMatchObject({ kind: 'server', attributes: { 'guildhall.reason': 'target-not-active' } });
    const hash = callIdHash(said.callId);
    expect(
      collector()
        .spans()
        .filter((span) => span.service !== 'ingress' || span.attributes[attributes.sipCallId] === hash),
    ).toEqual([]);
  });

  it('so does what fails at the far member, with what ingress knows of its way', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    bolt.answer(await hearRequest(bolt, said), 500);
    await acme.hearAnswer(said, 500);
    const root = await first(said);
    expect(root).toMatchObject({ failed: 'the far member answered 500', attributes: { 'error.type': '500' } });
    const send = await next(root, 'its way', 'ingress', 'producer');
    expect(send).toMatchObject({ parentSpanId: root.spanId, attributes: { 'server.port': bolt.port, 'guildhall.link.tries': 1 } });
    expect(
      collector()
        .spans()
        .filter((span) => span.service === 'relay'),
    ).toEqual([]);
  });

  it('and a collector that takes nothing is of no consequence', async () => {
    const [ingress] = hub().ingresses;
    if (ingress === undefined) throw new Error('there is no ingress');
    collector().behaves('refuses');
    const acme = actor('acme');
    const refused = acme.request('MESSAGE', 'sip:dan@dora.example');
    expect(await refusal(acme, refused)).toMatch(/ target-not-active$/);
    await collector().turnedAway();
    await exchange(acme, actor('bolt'));
    while ((await readCounter(ingress, 'guildhall_spans_total', { result: 'failed' })) === 0);
    await collector().close();
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:dan@dora.example'))).toMatch(/ target-not-active$/);
    await exchange(acme, actor('bolt'));
  });
});

describe('a flood of refusals', () => {
  const { actor, hub, first } = traced({ topology: { ingresses: 1, relays: 1, policies: 1 } }, { traces: 0, spansPerSecond: 1 });

  it('is no flood of traces', async () => {
    const acme = actor('acme');
    const [ingress] = hub().ingresses;
    if (ingress === undefined) throw new Error('there is no ingress');
    const said = Array.from({ length: 200 }, () => acme.say('MESSAGE', 'sip:dan@dora.example'));
    for (const one of said) await acme.hearFinal(one);
    const [opening] = said;
    if (opening !== undefined) await first(opening);
    expect(await readCounter(ingress, 'guildhall_spans_total', { result: 'over-rate' })).toBeGreaterThan(100);
  });
});
