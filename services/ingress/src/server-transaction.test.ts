import { describe, expect, it } from 'vitest';
import { firstState, responseEvent, type TransactionEvent, type TransactionState, transition, unanswered } from './server-transaction.js';

const walk = (method: string, events: readonly TransactionEvent[]): string[] => {
  let state: TransactionState = firstState(method);
  return events.map((event) => {
    const step = transition(state, event);
    state = step.state;
    return `${event}: ${step.effect} -> ${step.state}`;
  });
};

describe('a server transaction', () => {
  const stories: readonly [why: string, method: string, events: readonly TransactionEvent[], end: readonly string[]][] = [
    ['never passes a provisional to a MESSAGE (RFC 4320)', 'MESSAGE', ['provisional'], ['provisional: stray -> trying']],
    [
      'answers a MESSAGE once',
      'MESSAGE',
      ['success', 'success', 'failure', 'timeout'],
      ['success: send -> done', 'success: stray -> done', 'failure: stray -> done', 'timeout: absorb -> done'],
    ],
    ['absorbs a repeated MESSAGE', 'MESSAGE', ['request', 'failure'], ['request: absorb -> trying', 'failure: send -> done']],
    ['gives a MESSAGE up', 'MESSAGE', ['timeout', 'success'], ['timeout: give-up -> done', 'success: stray -> done']],
    [
      'drops what comes after a refused INVITE (RFC 6026)',
      'INVITE',
      ['failure', 'success', 'failure', 'provisional', 'ack'],
      [
        'failure: send -> completed',
        'success: stray -> completed',
        'failure: stray -> completed',
        'provisional: stray -> completed',
        'ack: absorb -> done',
      ],
    ],
    ['stops waiting for an ACK (Timer H)', 'INVITE', ['failure', 'timeout'], ['failure: send -> completed', 'timeout: end -> done']],
    [
      'repeats its answer to a repeated INVITE',
      'INVITE',
      ['request', 'failure', 'request'],
      ['request: resend -> proceeding', 'failure: send -> completed', 'request: resend -> completed'],
    ],
    [
      'lets every 2xx pass and its ACK too, and nothing else',
      'INVITE',
      ['provisional', 'success', 'success', 'request', 'ack', 'failure', 'provisional', 'timeout'],
      [
        'provisional: send -> proceeding',
        'success: send -> accepted',
        'success: send -> accepted',
        'request: absorb -> accepted',
        'ack: pass -> accepted',
        'failure: stray -> accepted',
        'provisional: stray -> accepted',
        'timeout: end -> done',
      ],
    ],
    [
      'gives an INVITE up and waits for the ACK (Timer C)',
      'INVITE',
      ['timeout', 'success', 'ack'],
      ['timeout: give-up -> completed', 'success: stray -> completed', 'ack: absorb -> done'],
    ],
    ['absorbs an ACK that comes too early', 'INVITE', ['ack', 'success'], ['ack: absorb -> proceeding', 'success: send -> accepted']],
  ];
  it.each(stories)('%s', (_why, method, events, end) => {
    expect(walk(method, events)).toEqual(end);
  });

  it('sends at most one final response but for the 2xx of an INVITE, whatever happens', () => {
    const events: readonly TransactionEvent[] = ['request', 'ack', 'provisional', 'success', 'failure', 'timeout'];
    const explore = (state: TransactionState, finals: readonly string[], depth: number): void => {
      if (finals.length > 1) expect(new Set(finals)).toEqual(new Set(['success']));
      if (depth === 0) return;
      for (const event of events) {
        const step = transition(state, event);
        const final = (step.effect === 'send' && event !== 'provisional') || step.effect === 'give-up';
        if (final && !unanswered(state)) expect(state).toBe('accepted');
        explore(step.state, final ? [...finals, event] : finals, depth - 1);
      }
    };
    explore(firstState('MESSAGE'), [], 4);
    explore(firstState('INVITE'), [], 5);
  });

  it('knows the kinds of responses', () => {
    expect([101, 199, 200, 299, 300, 699].map(responseEvent)).toEqual([
      'provisional',
      'provisional',
      'success',
      'success',
      'failure',
      'failure',
    ]);
  });
});
