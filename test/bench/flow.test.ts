import { describe, expect, it } from 'vitest';
import { type Flow, playOf } from './flow.js';
import { type Pattern, readPatterns } from './patterns.js';
import { echoRequests } from './request-echo.js';
import { scanResponses } from './response-scan.js';
import { createTally, type Tally } from './tally.js';

function begin(pattern: string, count: number): { flow: Flow; tally: Tally; requests: string } {
  const [read]: readonly Pattern[] = readPatterns(pattern);
  const play = playOf(read, { from: 'a.example', to: 'b.example', run: 'run1' });
  const tally = createTally(count, 0);
  for (let index = 0; index < count; index += 1) tally.sent(index, 0);
  return { flow: play.flow(tally, 0, count), tally, requests: play.beginning.batch(0, count).toString('latin1') };
}

/** What a callee says: rings and answers, and 200 to everything else. */
function answers(requests: string): string {
  const ok = 'SIP/2.0 200 OK\r\nContact: <sip:far@b.example>\r\n';
  const call = { first: 'SIP/2.0 180 Ringing\r\n', last: ok, body: 'v=0\r\n\r\n' };
  return echoRequests(requests, (text, at) => (text.startsWith('INVITE ', at) ? call : ok)).answers;
}

function due(flow: Flow): string {
  return flow.due()?.toString('latin1') ?? '';
}

describe('calls', () => {
  it('are over when the BYE is answered', () => {
    const { flow, tally, requests } = begin('calls', 2);
    const text = answers(requests);
    expect(scanResponses(text, flow)).toBe(text.length);
    expect(tally.answered()).toBe(0);
    const hangUp = due(flow);
    expect(hangUp.match(/^(ACK|BYE) /gm)).toEqual(['ACK ', 'BYE ', 'ACK ', 'BYE ']);
    expect(due(flow)).toBe('');
    expect(echoRequests(hangUp)).toMatchObject({ requests: 2, acknowledged: 2 });
    scanResponses(answers(hangUp), flow);
    flow.finish();
    expect(tally.result()).toMatchObject({ ok: 2, stray: 0, lost: 0, troubles: [] });
  });

  it('that are refused end there, and an answer too many is a stray', () => {
    const { flow, tally, requests } = begin('calls', 2);
    const refused = echoRequests(requests, () => 'SIP/2.0 486 Busy Here\r\n').answers;
    scanResponses(refused, flow);
    scanResponses(answers(requests), flow);
    flow.finish();
    expect(due(flow)).toBe('');
    expect(tally.result()).toMatchObject({ refused: 2, stray: 2, statuses: { 486: 2 } });
  });

  it('tell of a missing 180 and of a BYE answered before the call was', () => {
    const { flow, tally, requests } = begin('calls', 1);
    scanResponses(echoRequests(requests).answers.replace('CSeq: 1 INVITE', 'CSeq: 2 BYE'), flow);
    scanResponses(echoRequests(requests).answers, flow);
    flow.finish();
    expect(tally.result()).toMatchObject({ stray: 1, troubles: ['1 calls were answered without a 180'] });
  });
});

describe('subscriptions', () => {
  it('stand when both halves are there, in either order', () => {
    const { flow, tally, requests } = begin('presence', 2);
    flow.notified(1);
    expect(tally.answered()).toBe(0);
    scanResponses(answers(requests), flow);
    expect(tally.answered()).toBe(1);
    flow.notified(0);
    expect(tally.result()).toMatchObject({ ok: 2, stray: 0 });
  });

  it('count a NOTIFY again, one of nobody and a refusal', () => {
    const { flow, tally, requests } = begin('presence', 2);
    flow.notified(1);
    flow.notified(1);
    flow.notified(2);
    flow.notified(-1);
    scanResponses(echoRequests(requests, () => 'SIP/2.0 489 Bad Event\r\n').answers, flow);
    expect(tally.result()).toMatchObject({ ok: 0, refused: 2, stray: 3 });
  });
});

describe('messages', () => {
  it('are over with their answers, whatever pattern they come in', () => {
    for (const pattern of ['4x50', 'fan-out:3x2']) {
      const { flow, tally, requests } = begin(pattern, 5);
      scanResponses(echoRequests(requests).answers, flow);
      flow.notified(1);
      expect(due(flow)).toBe('');
      expect(tally.result()).toMatchObject({ ok: 5, stray: 1 });
    }
  });
});
