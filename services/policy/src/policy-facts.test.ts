import { monotonic } from '@guildhall/chassis/clock';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { createRoster } from '@guildhall/chassis/roster';
import { describe, expect, it } from 'vitest';
import { policyFacts } from './policy-facts.js';
import type { Held } from './readiness.js';

describe('what a policy says of itself', () => {
  it('is nothing much before it has a membership', () => {
    const facts = policyFacts('policy-1', { draining: false }, () => ({ ok: false, reasons: ['no'] }));
    expect([facts.ready().reasons, facts.figures?.()]).toEqual([['no'], { leads: false, membershipVersion: 0n }]);
  });

  it('names one of several that serve, and none that does not', () => {
    const bus = memoryBus();
    const instance = (id: string) => {
      const roster = createRoster(bus, { service: 'policy', id, epoch: 'e' }, {}, monotonic);
      const held: Held = { draining: false, roster };
      const state = { ok: true };
      const leads = () => policyFacts(id, held, () => ({ ok: state.ok, reasons: [] })).figures?.().leads;
      return { roster, state, leads };
    };
    const [second, first] = [instance('policy-2'), instance('policy-1')];
    expect([first.leads(), second.leads()]).toEqual([true, false]);
    first.state.ok = false;
    expect([first.leads(), second.leads()]).toEqual([false, false]);
    first.roster.drain();
    expect([first.leads(), second.leads()]).toEqual([false, true]);
    first.roster.close();
    second.roster.close();
  });
});
