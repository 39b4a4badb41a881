import type { ReasonCode } from '@guildhall/proto/reason';
import type { Message } from '@guildhall/proto/sip/message';
import { describe, expect, it } from 'vitest';
import { contactLines, createAnswers, quoted, reasonLines } from './answers.js';
import { sip } from './sip.stage.js';
import { message } from './transaction.stage.js';

const answers = createAnswers({ domain: 'hub.example', epoch: 'now', random: () => 0.999 });
const request = message(sip({ branch: 'z9hG4bKx', callId: 'c@x', headers: ['Timestamp: 5'] }));

const source = { source: '192.0.2.7:40001' };
const refusal = (asked: Message, status: number, code: ReasonCode, sentence: string, header: string) =>
  answers.refusal(asked, source, { status, code, sentence, header });

describe('an answer', () => {
  it('is none where the request lacks what it must copy', () => {
    const mute = message('MESSAGE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TLS a;branch=z9hG4bK1\r\nContent-Length: 0\r\n\r\n');
    expect([answers.ok(mute, source), answers.trying(mute, source), refusal(mute, 400, 'bad-message', '', '')]).toEqual(['', '', '']);
  });

  it('carries code and sentence, and a Retry-After only with 503', () => {
    const refused = refusal(request, 403, 'denied-by-rule', 'no "calls"\r\nEvil: 1', 'X-More: 1');
    expect(refused.split('\r\n')).toEqual([
      'SIP/2.0 403 Forbidden',
      'Via: SIP/2.0/TLS proxy.acme.example:5061;branch=z9hG4bKx;rport=40001;received=192.0.2.7',
      'From: <sip:alice@acme.example>;tag=a1',
      expect.stringMatching(/^To: <sip:bob@bolt.example>;tag=now\.\w+$/),
      'Call-ID: c@x',
      'CSeq: 1 MESSAGE',
      'Reason: SIP;cause=403;text="denied-by-rule: no \\"calls\\"  Evil: 1"',
      'Warning: 399 hub.example "denied-by-rule: no \\"calls\\"  Evil: 1"',
      'X-More: 1',
      'Content-Length: 0',
      '',
      '',
    ]);
    expect(refusal(request, 503, 'hub-overloaded', '', '')).toContain('\r\nRetry-After: 5\r\n');
  });

  it('never has the same tag twice, and a 100 has none', () => {
    const tag = (text: string) => /To: .*tag=(\S+)/.exec(text)?.[1];
    expect(tag(answers.ok(request, source))).not.toBe(tag(answers.ok(request, source)));
    expect(tag(answers.trying(request, source))).toBeUndefined();
  });
});

describe('texts in headers', () => {
  it('are quoted, in UTF-8, on one line and not without end', () => {
    expect(quoted('a"b\\c\0d\x7f')).toBe('"a\\"b\\\\c d "');
    expect(quoted('’')).toBe('"\xe2\x80\x99"');
    expect(quoted('x'.repeat(1000)).length).toBe(402);
  });

  it('fall back on what the table says', () => {
    expect(reasonLines('hub.example', 404, 'unknown-domain', '')[0]).toBe(
      'Reason: SIP;cause=404;text="unknown-domain: No member has this domain."',
    );
  });

  it('name the doors of a redirect in order', () => {
    expect(contactLines(['sip:a', 'sip:b'])).toEqual(['Contact: <sip:a>;q=1.0', 'Contact: <sip:b>;q=0.9']);
  });
});
