import { defaultLimits } from '@guildhall/proto/sip/limits';
import { parseMessage } from '@guildhall/proto/sip/message';
import { describe, expect, it } from 'vitest';
import { createConnectionProbe, heard, type ProbeState, stepProbe } from './connection-probe.js';
import { response } from './neighbours.stage.js';

const times = { probe: 5_000, dead: 9_500 };
const now = 100_000;
const asked = (ago: number): ProbeState => ({ kind: 'asked', at: now - ago });

describe('a silent connection', () => {
  it.each<[why: string, state: ProbeState, silence: number, step: string]>([
    ['heard just now', heard, 0, 'nothing'],
    ['silent for a while', heard, 4_999, 'nothing'],
    ['silent for long: is asked', heard, 5_000, 'ask'],
    ['asked, and has time to answer', asked(1_000), 6_000, 'nothing'],
    ['asked, and dead', asked(4_500), 9_500, 'dead'],
    ['asked late, because we stood still: has its time all the same', asked(100), 60_000, 'nothing'],
    ['silent since ever, but never asked', heard, 60_000, 'ask'],
    ['heard since it was asked', asked(4_000), 10, 'nothing'],
    ['heard since it was asked, and silent again', asked(9_000), 5_000, 'ask'],
  ])('%s', (_why, state, silence, step) => {
    expect(stepProbe(state, now - silence, now, times)[0]).toBe(step);
  });

  it('is asked by an OPTIONS that nobody may pass on, and knows its answer from others', () => {
    const probe = createConnectionProbe({ id: 'e1c7', domain: 'hub.example', peer: () => 'edge.example' }, times);
    expect(probe.tend(0, 5_000)).toBe('ask');
    const text = probe.question();
    expect(text).toMatch(
      /^OPTIONS sip:edge.example SIP\/2.0\r\nVia: SIP\/2.0\/TLS hub.example;branch=z9hG4bKe1c7probe1\r\nMax-Forwards: 0\r\n/,
    );
    const read = (of: string, status: number) => parseMessage(Buffer.from(response(of, status, 'So'), 'latin1'), defaultLimits);
    for (const status of [200, 405, 483]) expect(probe.isAnswer(read(text, status))).toBe(true);
    expect(probe.isAnswer(read(text.replace('probe1', 'probe2'), 200))).toBe(false);
    expect(probe.tend(0, 9_000)).toBe('nothing');
    expect(probe.tend(0, 9_999)).toBe('dead');
  });

  it('that was never asked takes no answer for its own', () => {
    const probe = createConnectionProbe({ id: 'e1c7', domain: 'hub.example', peer: () => 'edge.example' }, times);
    const other = createConnectionProbe({ id: 'e1c8', domain: 'hub.example', peer: () => 'edge.example' }, times).question();
    expect(probe.isAnswer(parseMessage(Buffer.from(response(other, 200, 'OK'), 'latin1'), defaultLimits))).toBe(false);
  });
});
