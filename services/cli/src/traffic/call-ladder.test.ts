import { MessageHead } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { describe, expect, it } from 'vitest';
import { callLines } from './call-ladder.js';
import { recordLine } from './record-line.js';
import { handshakeRecord, hostile, refusedRecord, someRecord } from './traffic.stage.js';

const head = MessageHead.fromPartial({
  at: 1_800_000_000_100n,
  ingress: 'ingress-1',
  member: 'acme',
  inbound: true,
  source: '127.0.0.1:40000',
  head: 'MESSAGE sip:bob@bolt.example SIP/2.0\r\nCall-ID: call-1@acme.example\r\n\r\n',
  bodyBytes: 42,
  why: 'logme',
});

describe('a line of tail', () => {
  it.each([
    ['an answer', someRecord(), '08:00:00.123Z  200  MESSAGE    acme → bolt               27 ms    call-1@acme.example'],
    ['a refusal', refusedRecord(), '08:00:00.123Z  403  INVITE     acme → bolt               0.9 ms   denied-by-rule  call-1@acme.example'],
    ['a handshake', handshakeRecord(), '08:00:00.456Z  x    TLS        192.0.2.7:40000           -        no-certificate  192.0.2.7:40000'],
    [
      'one sent again and again',
      someRecord({ tries: 3, repeats: 2, marked: true }),
      '08:00:00.123Z  200  MESSAGE    acme → bolt               27 ms    3 tries, 2 repeats, marked  call-1@acme.example',
    ],
  ])('tells of %s', (_what, record, line) => {
    expect(recordLine(record, false)).toBe(line);
  });
});

describe('the ladder of a call', () => {
  it('tells who had a request, and how long', () => {
    expect(callLines({ records: [someRecord()], messages: [] }, false)).toEqual([
      '2027-01-15 08:00:00.123Z  MESSAGE  acme → bolt  200',
      '  sender   acme at 127.0.0.1:40000',
      '     │     MESSAGE, 512 B',
      '  ingress  ingress-1',
      '     │     asked',
      '  policy   decided in 0.4 ms, by agreement acme.bolt',
      '     │     forwarded',
      '  relay    relay-1, waited 0.2 ms',
      '     │     written once',
      '  far      bolt at 127.0.0.1:6061',
      '     │     200 by bolt, 300 B, after 26 ms',
      '  back     ingress, the bus and the way back took 1.3 ms; in all 27 ms',
      '  users    ~abcdefghijklmnop@acme.example → ~ponmlkjihgfedcba@bolt.example',
      '  trace    0af7651916cd43dd8448eb211c80319c',
      '  record   ingress-1 e1 7',
    ]);
  });

  it('of a refused one ends where it was refused, with the reason, the cure and the path', () => {
    const path = { steps: [{ subject: 'rule', finding: 'calls refuses' }], sentence: 'So it is refused.' };
    expect(callLines({ records: [refusedRecord()], messages: [], path }, false)).toEqual([
      '2027-01-15 08:00:00.123Z  INVITE  acme → bolt  403',
      '  sender   acme at 127.0.0.1:40000',
      '     │     INVITE, 512 B',
      '  ingress  ingress-1',
      '     │     asked',
      '  policy   decided in 0.4 ms, by calls',
      '     │     403 by the hub, 300 B, after 0.9 ms',
      '  users    ~abcdefghijklmnop@acme.example → ~ponmlkjihgfedcba@bolt.example',
      '  code     denied-by-rule',
      '  why      The rule calls refuses INVITE from acme to bolt.',
      expect.stringMatching(/^ {2}cure {5}\S/),
      '  trace    0af7651916cd43dd8448eb211c80319c (no spans were made)',
      '  record   ingress-1 e1 7',
      '',
      'The decision, by the membership in force now:',
      '  rule  calls refuses',
      '  So it is refused.',
    ]);
  });

  it('of a handshake has no more than the two ends', () => {
    expect(callLines({ records: [handshakeRecord()], messages: [] }, false)).toEqual([
      '2027-01-15 08:00:00.456Z  TLS  192.0.2.7:40000  refused',
      '  sender   192.0.2.7:40000',
      '     │     TLS handshake',
      '  ingress  ingress-1',
      '  code     no-certificate',
      '  why      no certificate was shown',
      expect.stringMatching(/^ {2}cure {5}\S/),
      '  record   ingress-1 e1 8',
    ]);
  });

  it('has kept heads in the order of time', () => {
    expect(callLines({ records: [someRecord()], messages: [head] }, false).slice(0, 6)).toEqual([
      '2027-01-15 08:00:00.100Z  from acme (127.0.0.1:40000) at ingress-1, kept for logme',
      '    MESSAGE sip:bob@bolt.example SIP/2.0',
      '    Call-ID: call-1@acme.example',
      '    (a body of 42 B was not kept)',
      '',
      '2027-01-15 08:00:00.123Z  MESSAGE  acme → bolt  200',
    ]);
  });

  it('shows nobody’s text as it is, and no more lines of a head than a screen bears', () => {
    const texts = Object.fromEntries(
      [
        'peer',
        'target',
        'method',
        'event',
        'rule',
        'code',
        'sentence',
        'link',
        'relay',
        'source',
        'fromUser',
        'toUser',
        'traceId',
        'ingress',
        'callId',
      ].map((name) => [name, hostile]),
    );
    const record = someRecord({ ...texts, repeats: 1 });
    const message = MessageHead.fromPartial({
      ...head,
      member: hostile,
      source: hostile,
      why: hostile,
      head: `${hostile}\n`.repeat(10_000),
    });
    const path = { steps: [{ subject: hostile, finding: hostile }], sentence: hostile };
    const lines = callLines({ records: [record], messages: [message], path }, false);
    expect(lines.length).toBeLessThan(300);
    expect([...lines, recordLine(record, false)].join('')).not.toMatch(/\p{C}/u);
  });
});
