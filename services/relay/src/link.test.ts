import { describe, expect, it } from 'vitest';
import { backoff, idle, type LinkInput, type LinkState, stepLink } from './link.js';

const timing = { connect: 5000, reconnect: 1000, probe: 5000, dead: 9500, backoffFirst: 200, backoffMost: 10_000 };
const now = 100_000;
const random = 1;

const connecting: LinkState = { kind: 'connecting', failures: 0, since: now - 100, again: false };
const again: LinkState = { kind: 'connecting', failures: 0, since: now - 100, again: true };
const up: LinkState = { kind: 'up', failures: 0, since: now - 20_000, probedAt: 0 };
const young: LinkState = { kind: 'up', failures: 0, since: now - 500, probedAt: 0 };
const resting: LinkState = { kind: 'backoff', failures: 3, until: now + 50, fault: 'untrusted' };
const closed: LinkState = { kind: 'closed' };

const wanted: LinkInput = { kind: 'wanted', now };
const unwanted: LinkInput = { kind: 'unwanted' };
function refused(fault: 'unreachable' | 'untrusted'): LinkInput {
  return { kind: 'refused', fault, now, random };
}
function lost(heard: boolean, inUse = true): LinkInput {
  return { kind: 'lost', now, heard, wanted: inUse, random };
}
function tick(silence: number, inUse = true, stuck = 0): LinkInput {
  return { kind: 'tick', now, heardAt: now - silence, takenAt: now - stuck, wanted: inUse, random };
}

describe('the life of a link', () => {
  const cases: [why: string, from: LinkState, input: LinkInput, to: Partial<LinkState> & { kind: string }, actions: string][] = [
    ['a closed link stays closed', closed, wanted, { kind: 'closed' }, ''],
    ['a resting one is left alone', resting, wanted, resting, ''],
    ['and not redialled by time', resting, tick(0), resting, ''],
    ['an idle one nobody uses is not dialled', idle, tick(0, false), { kind: 'idle' }, ''],
    ['wanted, it is dialled', idle, wanted, { kind: 'connecting', since: now, again: false }, 'connect'],
    ['rested enough, it is dialled', { ...resting, until: now }, wanted, { kind: 'connecting', failures: 3 }, 'connect'],
    ['also by time, while its member is in use', { ...resting, until: now }, tick(0), { kind: 'connecting', failures: 3 }, 'connect'],
    [
      'refused',
      connecting,
      refused('unreachable'),
      { kind: 'backoff', failures: 1, until: now + 200, fault: 'unreachable' },
      'destroy orphan fail',
    ],
    ['not trusted', connecting, refused('untrusted'), { kind: 'backoff', failures: 1, fault: 'untrusted' }, 'destroy orphan fail'],
    [
      'not trusted any more',
      up,
      { kind: 'distrusted', now, random },
      { kind: 'backoff', failures: 1, fault: 'untrusted' },
      'destroy orphan fail',
    ],
    ['not trusted, though it is not even up', connecting, { kind: 'distrusted', now, random }, { kind: 'connecting' }, ''],
    ['perhaps to be trusted again', resting, { kind: 'reconsidered', now }, { kind: 'backoff', failures: 0, until: now }, ''],
    [
      'trust is no matter where nobody is there',
      { ...resting, fault: 'unreachable' },
      { kind: 'reconsidered', now },
      { kind: 'backoff', until: now + 50 },
      '',
    ],
    ['trusted still', up, { kind: 'reconsidered', now }, up, ''],
    ['dialling takes its time', { ...connecting, since: now - 4999 }, tick(0), { kind: 'connecting' }, ''],
    ['dialling takes too long', { ...connecting, since: now - 5000 }, tick(0), { kind: 'backoff', failures: 1 }, 'destroy orphan fail'],
    ['redialling takes too long sooner', { ...again, since: now - 1000 }, tick(0), { kind: 'backoff', failures: 1 }, 'destroy orphan fail'],
    ['opened', connecting, { kind: 'opened', now }, { kind: 'up', since: now, probedAt: 0 }, 'flush'],
    ['silent', up, tick(5000), { kind: 'up', probedAt: now }, 'probe'],
    ['silent again since the last probe was answered', { ...up, probedAt: now - 5001 }, tick(5000), { kind: 'up', probedAt: now }, 'probe'],
    ['silent, asked already', { ...up, probedAt: now - 1000 }, tick(6000), { kind: 'up', probedAt: now - 1000 }, ''],
    ['heard again', { ...up, probedAt: now - 20 }, tick(10), { kind: 'up' }, ''],
    ['talking, and slow to read', up, tick(10, true, 9499), { kind: 'up' }, ''],
    ['talking, but not reading', up, tick(10, true, 9500), { kind: 'connecting', again: true }, 'destroy requeue connect'],
    ['dead', { ...up, probedAt: now - 4000 }, tick(9500), { kind: 'connecting', again: true }, 'destroy requeue connect'],
    [
      'dead, never heard',
      { ...up, since: now - 9500, probedAt: now - 4000 },
      tick(9500),
      { kind: 'backoff', failures: 1 },
      'destroy orphan fail',
    ],
    ['lost after it worked', up, lost(true), { kind: 'connecting', failures: 0, again: true }, 'requeue connect'],
    ['lost, and nobody uses it', up, lost(true, false), { kind: 'idle' }, 'orphan fail'],
    ['lost without a word', up, lost(false), { kind: 'backoff', failures: 1 }, 'orphan fail'],
    ['lost young: one more try at once', young, lost(true), { kind: 'connecting', failures: 1 }, 'requeue connect'],
    ['lost young again', { ...young, failures: 1 }, lost(true), { kind: 'backoff', failures: 2, until: now + 400 }, 'orphan fail'],
    ['proven good, its failures are forgotten', { ...up, failures: 2 }, tick(10), { kind: 'up', failures: 0 }, ''],
    ['too young to be proven', { ...young, failures: 2 }, tick(10), { kind: 'up', failures: 2 }, ''],
    ['unwanted while up', up, unwanted, closed, 'end orphan fail'],
    ['unwanted while dialling', connecting, unwanted, closed, 'destroy orphan fail'],
    ['unwanted while resting', resting, unwanted, closed, 'fail'],
    ['unwanted before it was ever used', idle, unwanted, closed, 'fail'],
  ];
  it.each(cases)('%s', (_why, from, input, to, actions) => {
    const next = stepLink(from, input, timing);
    expect(next.state).toMatchObject(to);
    expect(next.actions.join(' ')).toBe(actions);
  });
});

describe('the wait after a failure', () => {
  it.each([
    [1, 0, 100],
    [1, 1, 200],
    [2, 1, 400],
    [6, 1, 6400],
    [7, 1, 10_000],
    [7, 0, 5000],
    [1_000_000, 1, 10_000],
  ])('number %i with chance %d is %i ms', (failures, chance, wait) => {
    expect(backoff(failures, timing, chance)).toBe(wait);
  });
});
