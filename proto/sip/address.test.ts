import { describe, expect, it } from 'vitest';
import { addressDomain, addressTag, parseAddress, splitValues } from './address.js';
import { SipError } from './sip-error.js';

const domain = (text: string) => addressDomain(text, 0, text.length);
const tag = (text: string) => addressTag(text, 0, text.length);

function refusal(text: string): string {
  try {
    parseAddress(text, 0, text.length);
    return 'accepted';
  } catch (error) {
    return error instanceof SipError ? error.code : String(error);
  }
}

describe('an address is refused', () => {
  it.each([
    ['', 'nothing'],
    [' ', 'white space'],
    ['<>', 'an empty URI'],
    ['<sip:bob@bolt.example', 'an unclosed bracket'],
    ['sip:bob@bolt.example>', 'a bracket that was not opened'],
    ['<<sip:bob@bolt.example>>', 'two brackets'],
    ['< sip:bob@bolt.example>', 'a space in the brackets'],
    ['<sip:bob@bolt.example >', 'a space in the brackets'],
    ['<sip:bob @bolt.example>', 'a space in the URI'],
    ['"Bob <sip:bob@bolt.example>', 'an unclosed quote'],
    ['"Bob\\" <sip:bob@bolt.example>', 'an escaped quote that does not close'],
    ['"Bob"sip:bob@bolt.example', 'a quoted name without brackets'],
    ['"Bob" x <sip:bob@bolt.example>', 'something behind the quoted name'],
    ['Bob, Bill <sip:bob@bolt.example>', 'a comma in an unquoted name'],
    ['B(o)b <sip:bob@bolt.example>', 'no token in an unquoted name'],
    ['B\u00f6b sip:bob@bolt.example', 'an unquoted UTF-8 name without brackets'],
    ['Bob sip:bob@bolt.example', 'a name without brackets'],
    ['sip:bob@bolt.example?x=y', 'headers without brackets'],
    ['<sip:bob@bolt.example>, <sip:eve@evil.example>', 'two values'],
    ['sip:bob@bolt.example, sip:eve@evil.example', 'two values without brackets'],
    ['<sip:bob@bolt.example> <sip:eve@evil.example>', 'two values without comma'],
    ['<sip:bob@bolt.example>x', 'something behind'],
    ['<sip:bob@bolt.example>;', 'an empty parameter'],
    ['<sip:bob@bolt.example>;;tag=1', 'an empty parameter between'],
    ['<sip:bob@bolt.example>;tag=', 'an empty value'],
    ['<sip:bob@bolt.example>;tag=1;tag=2', 'two tags'],
    ['<sip:bob@bolt.example>;TAG=1;tag=1', 'two tags, though equal'],
    ['<sip:bob@bolt.example>;x="y', 'an unclosed quoted value'],
    ['<sip:bob@bolt.example>;x=a b', 'two words in a value'],
    ['<bolt.example>', 'no scheme'],
    ['<sip:bob@evil.example@bolt.example>', 'two @'],
    ['*', 'the star of Contact'],
  ])('%j: %s', (text) => {
    expect(refusal(text)).toBe('address');
    expect(domain(text)).toBe('');
    expect(tag(text)).toBe('');
  });
});

describe('an address is read', () => {
  it.each([
    ['<sip:bob@bolt.example>', '', 'bolt.example', ''],
    ['sip:bob@bolt.example', '', 'bolt.example', ''],
    ['sip:bob@bolt.example;tag=x', '', 'bolt.example', 'x'],
    ['sip:bob@bolt.example ; tag = x', '', 'bolt.example', 'x'],
    ['Bob<sip:bob@bolt.example>;tag=x', 'Bob', 'bolt.example', 'x'],
    [
      "token1~` token2'+_  token3*%!.- <sip:bob@BOLT.example>;fromParam''~+*_!.-%=\"a;b,c\";tag=_t",
      "token1~` token2'+_ token3*%!.-",
      'bolt.example',
      '_t',
    ],
    ['"Bob, <sip:eve@evil.example>" <sip:bob@bolt.example>;tag=x', 'Bob, <sip:eve@evil.example>', 'bolt.example', 'x'],
    ['"a \\" \\\\ b" <sip:bob@bolt.example>', 'a " \\ b', 'bolt.example', ''],
    ['""<sip:bob@bolt.example>', '', 'bolt.example', ''],
    ['"Bob"\r\n <sip:bob@bolt.example>\r\n ;tag\r\n =\r\n x', 'Bob', 'bolt.example', 'x'],
    ['\r\n sip:bob@bolt.example', '', 'bolt.example', ''],
    ['"\u00c3\u00bc" <sip:bob@bolt.example>', '\u00c3\u00bc', 'bolt.example', ''],
    ['J\u00c3\u00bcrgen B. <sip:bob@bolt.example>', 'J\u00c3\u00bcrgen B.', 'bolt.example', ''],
    ['<sip:bob@bolt.example;tag=no>;x=";tag=no";tag=yes', '', 'bolt.example', 'yes'],
    ['<sip:bob@bolt.example>;tag', '', 'bolt.example', ''],
    ['<sip:bob@bolt.example?x=y>;tag=a/b=c', '', 'bolt.example', 'a/b=c'],
    ['<sip:a,b;c@bolt.example:5061>;TAG=Q', '', 'bolt.example', 'Q'],
    ['<tel:+1-555>;tag=x', '', '', 'x'],
    ['isbn:2983792873', '', '', ''],
    ['<http://www.example.com/a?b=c>;tag=x', '', '', 'x'],
    ['<sip:[2001:DB8::1]:5060>', '', '[2001:db8::1]', ''],
  ])('%j', (text, display, host, tagText) => {
    const address = parseAddress(text, 0, text.length);
    expect([address.display, domain(text), tag(text)]).toEqual([display, host, tagText]);
    expect(address.bracketed).toBe(text[address.uriEnd] === '>');
    const shifted = `xx${text},yy`;
    expect([addressDomain(shifted, 2, text.length + 2), addressTag(shifted, 2, text.length + 2)]).toEqual([host, tagText]);
    expect(parseAddress(shifted, 2, text.length + 2).uriStart).toBe(address.uriStart + 2);
  });

  it('parameters by lower-case name, values as sent', () => {
    const text = '<sip:b@b.example;lr> ; Q = 0.33 ;flag;+sip.x="<a,\\"b;c>"';
    const address = parseAddress(text, 0, text.length);
    expect(text.slice(address.uriStart, address.uriEnd)).toBe('sip:b@b.example;lr');
    expect([...address.parameters].slice(0, 2)).toEqual([
      ['q', '0.33'],
      ['flag', ''],
    ]);
  });
});

describe('splitValues finds commas', () => {
  it.each([
    ['', []],
    ['a', []],
    ['a,b', [1]],
    ['<a,b>,c', [5]],
    ['"a,b",c', [5]],
    ['"a\\",b",c', [7]],
    ['"a,b', []],
    ['<a,b', []],
    [',,', [0, 1]],
    ['"<" <a>, "," <b,b>;x=",",c', [7, 24]],
  ])('%j', (text, commas) => {
    expect(splitValues(text, 0, text.length)).toEqual(commas);
    expect(splitValues(`,${text},`, 1, text.length + 1)).toEqual(commas.map((comma) => comma + 1));
  });
});
