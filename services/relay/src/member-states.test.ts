import { describe, expect, it } from 'vitest';
import type { Link, Member, MemberProxy, Standing } from './member.js';
import { memberStage } from './member.stage.js';
import { memberStates } from './member-states.js';
import { createLine } from './queue.js';
import type { Transaction } from './transaction.js';

function link(state: Standing['state'], why = '', certificateEnds = 0): Link {
  return {
    id: 'l',
    member: 'm',
    address: 'h:1',
    isUp: () => state === 'up',
    standing: () => ({ state, why, certificateEnds }),
    hasRoom: () => true,
    write: () => undefined,
  };
}

function member(id: string, links: readonly Link[], more: Partial<Member> = {}): Member {
  const proxy: MemberProxy = {
    key: 'k',
    address: 'h:1',
    priority: 1,
    weight: 1,
    line: createLine<Transaction>(() => true),
    links,
    condition: () => 'closed',
    restsFor: () => 0,
    fault: () => 0,
    ready: () => undefined,
    want: () => undefined,
    tick: () => undefined,
    close: () => undefined,
  };
  return memberStage({ id, proxies: [proxy], ...more });
}

describe('members in the report of a relay', () => {
  it('are those whose links were tried, that wait, or that have requests in flight', () => {
    const waits = member('waits', [link('idle')]);
    waits.budget.admit(1);
    const states = [
      ...memberStates([
        member('quiet', [link('idle')]),
        member('up', [link('up', '', 1_800_000_000_000.5), link('idle')]),
        member('down', [link('backoff', 'nothing heard', 5)]),
        waits,
        member('asked', [], { inFlight: 1 }),
      ]),
    ];
    expect(states.map((one) => [one.member, one.waiting, one.links.map(({ state }) => state).join(' ')])).toEqual([
      ['up', 0, 'up idle'],
      ['down', 0, 'backoff'],
      ['waits', 1, 'idle'],
      ['asked', 0, ''],
    ]);
    expect(states[0]?.links[0]).toEqual({ address: 'h:1', state: 'up', why: '', certificateEnds: 1_800_000_000_000n });
    expect(states[1]?.links[0]).toEqual({ address: 'h:1', state: 'backoff', why: 'nothing heard', certificateEnds: 5n });
  });
});
