import { memoryBus } from '@guildhall/chassis/memory-bus';
import { headThreshold } from '@guildhall/chassis/trace-context';
import { noTracing, type Tracing } from '@guildhall/chassis/tracing';
import { keptTracing } from '@guildhall/chassis/tracing.stage';
import { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { sampleMembership } from '../decision/sample-membership.js';
import { createDecisionTraces } from './decision-traces.js';
import { answerQuestions } from './questions.js';

const membership = sampleMembership({ members: '[{ id: acme, domains: [acme.example] }, { id: bolt, domains: [bolt.example] }]' });
const parent = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };

/** Asks policy whether acme may talk to this domain, within this trace. */
function asking(tracing: Tracing) {
  const bus = memoryBus();
  let now = 0;
  const clock = () => {
    now += 1;
    return now;
  };
  answerQuestions(
    bus,
    {
      membership: () => membership,
      tokenKeys: () => [],
      wall: () => 0,
      traces: createDecisionTraces(tracing, clock),
      meet: (_ask, { action }) => (action === 'refuse' ? Promise.resolve(1) : undefined),
    },
    { decided: () => undefined, answered: () => undefined, malformed: () => undefined, unanswerable: () => undefined },
  );
  return (value: string, trace?: string) => {
    const ask = { peer: 'acme', fromDomain: 'acme.example', method: 'MESSAGE', event: '' };
    return bus.request(subjects.ask, Ask.encode({ ...ask, target: { $case: 'toDomain', value } }).finish(), 1_000, trace);
  };
}

describe('a decision', () => {
  it.each([
    ['without a trace', undefined],
    ['with one that is not made', `00-${parent.trace}-${parent.span}-00`],
    ['with rubbish in its place', 'rubbish'],
  ])('%s makes no span', async (_, trace) => {
    const tracing = keptTracing(headThreshold(1));
    await asking(tracing)('bolt.example', trace);
    expect(tracing.kept).toEqual([]);
    await asking(noTracing)('bolt.example', `00-${parent.trace}-${parent.span}-01`);
  });

  it('is a span below the question, also where something was waited for', async () => {
    const tracing = keptTracing(headThreshold(0));
    const ask = asking(tracing);
    for (const domain of ['bolt.example', 'nobody.test']) await ask(domain, `00-${parent.trace}-${parent.span}-01`);
    const common = { traceId: parent.trace, parentSpanId: parent.span, remoteParent: true, name: 'process gh.v1.ask', kind: 'server' };
    expect(tracing.kept).toMatchObject([
      {
        ...common,
        startedAt: 1,
        endedAt: 2,
        attributes: { 'guildhall.verdict': 'forward', 'guildhall.reason': 'allowed', 'guildhall.target': 'bolt' },
      },
      {
        ...common,
        startedAt: 3,
        endedAt: 4,
        attributes: { 'guildhall.verdict': 'refuse', 'guildhall.reason': 'unknown-domain', 'guildhall.peer': 'acme' },
      },
    ]);
  });
});
