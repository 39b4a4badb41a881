import { describe, expect, it } from 'vitest';
import { sip } from '../sip.stage.js';
import { message } from '../transaction.stage.js';
import { isMarkedLogme } from './logme.js';

const uuid = 'ab30317f1a784dc48ff824d0d3715d86';
const marked = (...headers: string[]) => isMarkedLogme(message(sip({ headers })));

describe('the marker of RFC 8497', () => {
  it.each([
    [`Session-ID: ${uuid};remote=00000000000000000000000000000000`, 'no marker'],
    [`Session-ID: ${uuid};logme=1`, 'it is a flag'],
    [`Session-ID: ${uuid};logmenot`, 'another name'],
    [`Session-ID: ${uuid};x="a;logme"`, 'within a quoted string'],
    [`Session-ID: ${uuid};;logme`, 'parameters that cannot be read'],
    ['Session-ID: logme', 'no parameter'],
    ['X-Session-ID: a;logme', 'another field'],
    ['Subject: x;logme', 'another field'],
  ])('is not in %s: %s', (header) => {
    expect(marked(header)).toBe(false);
  });

  it.each([
    [`Session-ID: ${uuid};remote=00000000000000000000000000000000;logme`],
    [`session-id:${uuid};LogMe`],
    [`Session-ID: ${uuid} ; logme ; x=y`],
    [`Session-ID: ${uuid};remote=0\r\n ;logme`],
  ])('is in %j', (header) => {
    expect(marked(header)).toBe(true);
  });

  it('is found in a response too', () => {
    const response = `SIP/2.0 200 OK\r\nSession-ID: ${uuid};remote=${uuid};logme\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n`;
    expect(isMarkedLogme(message(response))).toBe(true);
  });
});
