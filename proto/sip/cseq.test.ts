import { describe, expect, it } from 'vitest';
import { parseCSeq } from './cseq.js';
import { SipError } from './sip-error.js';

describe('CSeq', () => {
  it.each([
    ['', 'nothing'],
    ['1', 'no method'],
    ['1 ', 'no method'],
    ['INVITE', 'no number'],
    ['1INVITE', 'no space'],
    ['-1 INVITE', 'a negative number'],
    ['1.0 INVITE', 'a fraction'],
    ['2147483648 INVITE', '2^31'],
    ['36893488147419103232 INVITE', 'far too great'],
    ['1 INV ITE', 'two methods'],
    ['1 INVITE, 2 INVITE', 'two values'],
    ['1 INV(ITE', 'a method that is no token'],
  ])('%j is refused: %s', (text) => {
    expect(() => parseCSeq(text, 0, text.length)).toThrow(SipError);
  });

  it.each([
    ['0 ACK', 0, 'ACK'],
    ['2147483647 INVITE', 2147483647, 'INVITE'],
    ['0009\r\n  INVITE', 9, 'INVITE'],
    ["7 \t !odd'~", 7, "!odd'~"],
  ])('%j is read', (text, number, method) => {
    expect(parseCSeq(text, 0, text.length)).toEqual({ number, method });
    expect(parseCSeq(`xx${text}`, 2, text.length + 2)).toEqual({ number, method });
  });
});
