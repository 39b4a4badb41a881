import { memoryBus } from '@guildhall/chassis/memory-bus';
import { Ask, Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import type { Membership } from '../decision/membership.js';
import { sampleMembership } from '../decision/sample-membership.js';
import { answerQuestions } from './questions.js';

const acme = '{ id: acme, domains: [acme.example] }';
const before = sampleMembership({ members: `[${acme}]` });
const after = sampleMembership({ members: `[${acme}, { id: far, domains: [far.test] }]` });

/** Policy that finds something worth waiting for in every refusal; `meet` ends the wait. */
function stage() {
  const bus = memoryBus();
  const decided: string[] = [];
  let inForce: Membership = before;
  let end: (ms: number) => void = () => undefined;
  answerQuestions(
    bus,
    {
      membership: () => inForce,
      tokenKeys: () => [],
      wall: () => 0,
      meet(_ask, { action }) {
        if (action !== 'refuse') return undefined;
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    },
    {
      decided: ({ action, code }) => decided.push(`${action} ${code}`),
      answered: () => undefined,
      malformed: () => undefined,
      unanswerable: () => undefined,
    },
  );
  const ask = async (value: string) => {
    const question = Ask.encode({
      peer: 'acme',
      fromDomain: 'acme.example',
      target: { $case: 'toDomain', value },
      method: 'MESSAGE',
      event: '',
    });
    return Verdict.decode(await bus.request(subjects.ask, question.finish(), 1_000));
  };
  return {
    decided,
    ask,
    meet(ms: number, membership = before) {
      inForce = membership;
      end(ms);
    },
  };
}

describe('an ask for somebody who may yet be met', () => {
  it('waits, and is answered by the membership of then', async () => {
    const { ask, meet, decided } = stage();
    const verdict = ask('far.test');
    expect(decided).toEqual([]);
    meet(30_000, after);
    expect(await verdict).toMatchObject({ action: VerdictAction.FORWARD, member: 'far', holdsFor: 0 });
    expect(decided).toEqual(['forward allowed']);
  });

  it('is refused for as long as the wait says, when nobody was met', async () => {
    const { ask, meet } = stage();
    const verdict = ask('far.test');
    meet(30_000);
    expect(await verdict).toMatchObject({ action: VerdictAction.REFUSE, code: 'unknown-domain', holdsFor: 30_000 });
  });

  it('others are answered at once', async () => {
    const { ask, decided } = stage();
    expect(await ask('acme.example')).toMatchObject({ action: VerdictAction.FORWARD });
    expect(decided).toHaveLength(1);
  });
});
