import { describe, expect, it } from 'vitest';
import { type Event, eventOf, type Kind, type State, step } from './client-transaction.js';

const kinds: Kind[] = ['invite', 'other', 'ack'];
const states: State[] = [
  'waiting',
  'again',
  'calling',
  'cancel-waiting',
  'cancel-again',
  'proceeding',
  'cancelling',
  'abandoned',
  'accepted',
  'terminated',
];
const events: Event[] = ['written', 'trying', 'provisional', 'success', 'failure', 'retry', 'again', 'cancel', 'deadline'];

describe('what a client transaction ignores', () => {
  const cases: [kind: Kind, state: State, event: Event, why: string][] = [
    ['invite', 'terminated', 'success', 'a stray response is dropped (RFC 6026 8.4)'],
    ['invite', 'terminated', 'provisional', 'so is a late provisional'],
    ['invite', 'abandoned', 'success', 'its sender has its end (RFC 6026)'],
    ['invite', 'abandoned', 'cancel', 'it has been told, and what rings is cancelled anyway'],
    ['invite', 'accepted', 'provisional', 'ringing after the answer'],
    ['invite', 'accepted', 'failure', 'a refusal after the answer'],
    ['invite', 'accepted', 'cancel', 'a CANCEL that crossed the answer'],
    ['invite', 'accepted', 'retry', 'its link died, the call stands'],
    ['invite', 'cancelling', 'cancel', 'a second CANCEL'],
    ['invite', 'calling', 'written', 'written twice'],
    ['other', 'calling', 'cancel', 'only INVITE can be cancelled (RFC 3261 9.1)'],
    ['other', 'terminated', 'success', 'a late answer (RFC 4320)'],
    ['invite', 'cancel-again', 'cancel', 'a second CANCEL'],
    ['invite', 'waiting', 'again', 'never written: there is nothing to say again'],
    ['invite', 'accepted', 'again', 'its link died, the call stands'],
    ['other', 'again', 'cancel', 'only INVITE can be cancelled (RFC 3261 9.1)'],
    ['ack', 'waiting', 'success', 'nothing answers an ACK'],
  ];
  it.each(cases)('%s %s: %s (%s)', (kind, state, event) => {
    expect(step(kind, state, event)).toBeUndefined();
  });
});

describe('what an event does', () => {
  const cases: [kind: Kind, state: State, event: Event, next: State, doing: string, why: string][] = [
    ['invite', 'waiting', 'cancel', 'terminated', 'cancelled', 'never sent, so nobody else answers 487'],
    ['invite', 'waiting', 'written', 'calling', '', ''],
    ['invite', 'calling', 'trying', 'proceeding', '', 'the 100 stays here'],
    ['invite', 'calling', 'provisional', 'proceeding', 'pass', ''],
    ['invite', 'calling', 'success', 'accepted', 'pass', 'at once (RFC 3261 16.7)'],
    ['invite', 'calling', 'failure', 'terminated', 'pass ack', 'hop-by-hop ACK'],
    ['invite', 'calling', 'cancel', 'cancel-waiting', '', 'no CANCEL before a provisional (9.1)'],
    ['invite', 'calling', 'deadline', 'cancel-waiting', '', ''],
    ['invite', 'cancel-waiting', 'trying', 'cancelling', 'cancel', 'now it may go'],
    ['invite', 'cancel-waiting', 'provisional', 'cancelling', 'pass cancel', ''],
    ['invite', 'cancel-waiting', 'success', 'accepted', 'pass', 'the answer crossed'],
    ['invite', 'cancel-waiting', 'retry', 'terminated', 'cancelled', 'no other proxy is called for a cancelled call'],
    ['invite', 'calling', 'again', 'again', '', 'its link was lost'],
    ['invite', 'proceeding', 'again', 'again', '', 'its link was lost while it rang'],
    ['invite', 'again', 'written', 'calling', '', 'under the same branch'],
    ['invite', 'again', 'provisional', 'proceeding', 'pass', 'over another connection'],
    ['invite', 'again', 'retry', 'waiting', '', 'the redial failed'],
    ['invite', 'again', 'cancel', 'cancel-again', '', 'it may ring: not over before it was told (9.1)'],
    ['invite', 'again', 'deadline', 'cancel-again', '', 'Timer C (16.8)'],
    ['invite', 'cancel-waiting', 'again', 'cancel-again', '', 'said again, and cancelled when it rings'],
    ['invite', 'cancel-again', 'written', 'cancel-waiting', '', 'no CANCEL before a provisional (9.1)'],
    ['invite', 'cancel-again', 'provisional', 'cancelling', 'pass cancel', 'over another connection'],
    ['invite', 'cancel-again', 'success', 'accepted', 'pass', 'the answer crossed'],
    ['invite', 'cancel-again', 'failure', 'terminated', 'pass ack', 'it ended by itself'],
    ['invite', 'cancel-again', 'retry', 'terminated', 'cancelled', 'no other proxy is called for a cancelled call'],
    ['invite', 'cancelling', 'again', 'cancel-again', '', 'the CANCEL may be lost'],
    ['invite', 'cancelling', 'retry', 'terminated', 'cancelled', ''],
    ['invite', 'proceeding', 'provisional', 'proceeding', 'pass', ''],
    ['invite', 'proceeding', 'cancel', 'cancelling', 'cancel', ''],
    ['invite', 'proceeding', 'deadline', 'cancelling', 'cancel', 'Timer C (16.8)'],
    ['invite', 'cancelling', 'failure', 'terminated', 'pass ack', 'the 487'],
    ['invite', 'cancelling', 'deadline', 'terminated', '', '64*T1 after the CANCEL'],
    ['invite', 'accepted', 'success', 'accepted', 'pass', 'another 2xx (RFC 6026)'],
    ['invite', 'accepted', 'deadline', 'terminated', '', ''],
    ['invite', 'abandoned', 'deadline', 'terminated', '', 'what said nothing for 64*T1 counts as failed (Timer B)'],
    ['other', 'calling', 'provisional', 'proceeding', '', 'no provisional but 100 to a non-INVITE (RFC 4320)'],
    ['other', 'calling', 'success', 'terminated', 'pass', ''],
    ['other', 'proceeding', 'failure', 'terminated', 'pass', 'no ACK'],
    ['other', 'calling', 'retry', 'waiting', '', ''],
    ['other', 'proceeding', 'again', 'again', '', 'its link was lost'],
    ['other', 'again', 'written', 'calling', '', 'under the same branch'],
    ['other', 'calling', 'deadline', 'terminated', '', 'ingress answers'],
    ['ack', 'waiting', 'written', 'terminated', '', ''],
  ];
  it.each(cases)('%s %s: %s leads to %s, %s', (kind, state, event, next, doing) => {
    const taken = step(kind, state, event);
    const done = (['pass', 'ack', 'cancel', 'cancelled'] as const).filter((what) => taken?.[what] === true);
    expect([taken?.state, done.join(' ')]).toEqual([next, doing]);
  });
});

describe('every transaction', () => {
  it('ends by its deadlines', () => {
    for (const kind of kinds) {
      for (const from of states) {
        let state: State = from;
        for (let rounds = 0; rounds < 3 && state !== 'terminated'; rounds += 1)
          state = step(kind, state, 'deadline')?.state ?? 'terminated';
        expect([kind, from, state]).toEqual([kind, from, 'terminated']);
      }
    }
  });

  it('passes at most one final response other than a 2xx to INVITE, whatever comes', () => {
    for (const kind of kinds) {
      for (const state of states) {
        for (const event of events) {
          const taken = step(kind, state, event);
          if (taken?.pass === true && event === 'failure') expect(taken.state).toBe('terminated');
          if (taken?.pass === true && event === 'success') expect(taken.state).toBe(kind === 'invite' ? 'accepted' : 'terminated');
        }
      }
    }
  });
});

describe('statuses as events', () => {
  it.each([
    [100, 'trying'],
    [101, 'provisional'],
    [199, 'provisional'],
    [200, 'success'],
    [299, 'success'],
    [300, 'failure'],
    [699, 'failure'],
  ])('%i is %s', (status, event) => {
    expect(eventOf(status)).toBe(event);
  });
});
