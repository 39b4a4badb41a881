import { describe, expect, it } from 'vitest';
import { echoRequests } from './request-echo.js';
import { createRequestTemplate, numberAt } from './request-template.js';
import { scanResponses } from './response-scan.js';
import { createTally } from './tally.js';

const template = createRequestTemplate('a.example', 'b.example', 'run1', 600);

function scan(text: string): { used: number; seen: (number | string)[] } {
  const seen: (number | string)[] = [];
  const used = scanResponses(text, { response: (status, number) => seen.push(status, number), broken: (what) => seen.push(what) });
  return { used, seen };
}

describe('the requests of a run', () => {
  it('are 600 bytes each and carry their numbers', () => {
    const batch = template.batch(41, 3).toString('latin1');
    expect(template.length).toBe(600);
    expect(batch.length).toBe(1800);
    expect([...batch.matchAll(/\r\nCall-ID: (\d+)@run1\.a\.example\r\n/g)].map((found) => found[1])).toEqual([
      '00000041',
      '00000042',
      '00000043',
    ]);
    expect([...batch.matchAll(/branch=z9hG4bKrun1\.(\d+)\r\n/g)].map((found) => found[1])).toEqual(['00000041', '00000042', '00000043']);
    expect(batch).not.toContain('#');
  });

  it('say how long their bodies are', () => {
    const [head = '', body = ''] = template.batch(0, 1).toString('latin1').split('\r\n\r\n');
    expect(/Content-Length: (\d+)$/.exec(head)?.[1]).toBe(String(body.length));
  });
});

describe('the answerer', () => {
  const one = template.batch(7, 1).toString('latin1');

  it('answers a request with what RFC 3261 8.2.6.2 copies', () => {
    const { answers, requests, used } = echoRequests(one);
    expect(answers.split('\r\n')).toEqual([
      'SIP/2.0 200 OK',
      'Via: SIP/2.0/TLS proxy.a.example:5061;branch=z9hG4bKrun1.00000007',
      'From: <sip:sender@a.example>;tag=00000007',
      'To: <sip:u00000007@b.example>;tag=sink',
      'Call-ID: 00000007@run1.a.example',
      'CSeq: 1 MESSAGE',
      'Content-Length: 0',
      '',
      '',
    ]);
    expect({ requests, used }).toEqual({ requests: 1, used: one.length });
  });

  it('copies every Via and Record-Route, in any letter case and compact, and keeps a tag', () => {
    const request =
      'INVITE sip:x@b.example SIP/2.0\r\nv: SIP/2.0/TLS one;branch=1\r\nVIA: SIP/2.0/TLS two;branch=2\r\nSubject: s\r\nrecord-ROUTE: <sip:r;lr>\r\n' +
      'f: <sip:x@a.example>;tag=1\r\nTO: <sip:x@b.example>;tag=9\r\ni: c\r\ncseq: 1 INVITE\r\nl: 0\r\n\r\n';
    expect(echoRequests(request).answers).toBe(
      'SIP/2.0 200 OK\r\nv: SIP/2.0/TLS one;branch=1\r\nVIA: SIP/2.0/TLS two;branch=2\r\nrecord-ROUTE: <sip:r;lr>\r\n' +
        'f: <sip:x@a.example>;tag=1\r\nTO: <sip:x@b.example>;tag=9\r\ni: c\r\ncseq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
    );
  });

  it.each([
    ['a CRLF ping with a CRLF', '\r\n\r\n', '\r\n', 0, 4],
    ['a pong with nothing', '\r\n', '', 0, 2],
    ['an ACK with nothing', 'ACK sip:b SIP/2.0\r\nContent-Length: 0\r\n\r\n', '', 0, 40],
    ['half a head with nothing yet', one.slice(0, 100), '', 0, 0],
    ['half a body with nothing yet', one.slice(0, 590), '', 0, 0],
  ])('answers %s', (_, text, answers, requests, used) => {
    expect(echoRequests(text)).toMatchObject({ answers, requests, used, sound: true });
  });

  it('rings first and answers with a body where it is told to, and counts ACKs', () => {
    const invite = 'INVITE sip:b SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n';
    const call = { first: 'SIP/2.0 180 Ringing\r\n', last: 'SIP/2.0 200 OK\r\n', body: 'v=0\r\n' };
    expect(echoRequests(`${invite}ACK sip:b SIP/2.0\r\nl: 0\r\n\r\n`, () => call)).toMatchObject({
      answers:
        'SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n' +
        'SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nContent-Length: 5\r\n\r\nv=0\r\n',
      requests: 1,
      acknowledged: 1,
    });
  });

  it('counts no OPTIONS, and gives up on a message without a length', () => {
    expect(echoRequests('OPTIONS sip:b SIP/2.0\r\nContent-Length: 0\r\n\r\n')).toMatchObject({ requests: 0, sound: true });
    expect(echoRequests('MESSAGE sip:b SIP/2.0\r\nCSeq: 1 MESSAGE\r\n\r\n').sound).toBe(false);
  });

  it('gives the same answers however the bytes are cut', () => {
    const text = template.batch(0, 3).toString('latin1');
    const whole = echoRequests(text).answers;
    for (let cut = 0; cut <= text.length; cut += 1) {
      const first = echoRequests(text.slice(0, cut));
      expect(first.answers + echoRequests(text.slice(first.used)).answers).toBe(whole);
    }
  });
});

describe('the scan of responses', () => {
  const response = (status: number, id: string) => `SIP/2.0 ${status} Word\r\nVia: x\r\nCall-ID: ${id}\r\nContent-Length: 0\r\n\r\n`;

  it('finds status and number and leaves what is not whole', () => {
    const text = `${response(200, '00000012@r')}\r\n${response(404, '99999999@r')}`;
    expect(scan(`${text}SIP/2.0 200`)).toEqual({ used: text.length, seen: [200, 12, 404, 99_999_999] });
  });

  it.each([
    ['a Call-ID that is none of the run', response(200, 'abc@r'), [200, -1]],
    ['no Call-ID', 'SIP/2.0 200 OK\r\nVia: x\r\n\r\n', [200, -1]],
    ['no Call-ID, but one in the next', `SIP/2.0 200 OK\r\nVia: x\r\n\r\n${response(200, '00000001@r')}`, [200, -1, 200, 1]],
  ])('tells of %s', (_, text, seen) => {
    expect(scan(text)).toEqual({ used: text.length, seen });
  });

  it('passes over bodies and waits for the rest of one', () => {
    const text = `SIP/2.0 200 OK\r\nCall-ID: 00000001@r\r\nContent-Length: 8\r\n\r\nv=0\r\n\r\n\n${response(200, '00000002@r')}`;
    expect(scan(text)).toEqual({ used: text.length, seen: [200, 1, 200, 2] });
    const cut = text.indexOf('v=0');
    expect(scan(text.slice(0, cut + 3))).toEqual({ used: 0, seen: [] });
  });

  it('gives up on what is no response', () => {
    expect(scan('HTTP/1.1 400 Bad Request\r\n\r\n').seen).toEqual(['HTTP/1.1 400 Bad Request\r\n\r\n']);
  });

  it('reads numbers of eight digits only', () => {
    expect([numberAt('00000100@', 0), numberAt('0000010@', 0), numberAt('', 0)]).toEqual([100, -1, -1]);
  });
});

describe('the tally', () => {
  it('takes one answer a request and counts the rest as strays', () => {
    const tally = createTally(4, 10);
    for (let index = 0; index < 3; index += 1) tally.sent(index, 100);
    tally.now(101);
    tally.response(100, 10);
    tally.response(200, 10);
    tally.response(200, 10);
    tally.response(503, 11);
    tally.response(200, 13);
    tally.response(200, 9);
    tally.response(200, -1);
    expect(tally.finished()).toBe(false);
    expect(tally.result()).toMatchObject({ count: 4, ok: 1, refused: 1, lost: 2, stray: 4, statuses: { 200: 1, 503: 1 }, p50: 1 });
  });

  it('orders latencies by size', () => {
    const tally = createTally(100, 0);
    for (let index = 0; index < 100; index += 1) tally.sent(index, 0);
    for (let index = 0; index < 100; index += 1) {
      tally.now(100 - index);
      tally.response(200, index);
    }
    expect(tally.result()).toMatchObject({ ok: 100, p50: 50, p90: 90, p99: 99, longest: 100, seconds: 0.001 });
    expect(tally.finished()).toBe(true);
  });
});
