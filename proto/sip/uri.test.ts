import { describe, expect, it } from 'vitest';
import { SipError } from './sip-error.js';
import { parseUri, uriDomain, uriPlace } from './uri.js';
import { userOfUri } from './user.js';

const domain = (text: string) => uriDomain(text, 0, text.length);

function refusal(text: string): string {
  try {
    parseUri(text);
    return 'accepted';
  } catch (error) {
    return error instanceof SipError ? error.code : String(error);
  }
}

describe('parseUri refuses', () => {
  it.each([
    ['', 'nothing'],
    ['sip', 'no colon'],
    ['bolt.example', 'no scheme'],
    [':bob@bolt.example', 'an empty scheme'],
    ['1sip:bob@bolt.example', 'a scheme that begins with a digit'],
    ['s p:bob@bolt.example', 'a space in the scheme'],
    ['sip:', 'nothing behind the scheme'],
    ['sips:', 'nothing behind the scheme'],
    ['mailto:', 'nothing behind the scheme'],
    ['sip:bob@', 'no host'],
    ['sip:@bolt.example', 'an empty user'],
    ['sip:bob@evil.example@bolt.example', 'two @'],
    ['sip:bob@bolt..example', 'an empty label'],
    ['sip:bob@.example', 'an empty first label'],
    ['sip:bob@bolt.example..', 'two dots at the end'],
    ['sip:bob@bo%6ct.example', 'an escape in the host'],
    ['sip:bob@b\u00f6lt.example', 'a raw UTF-8 byte in the host'],
    ['sip:bob@bolt.example:', 'a port without digits'],
    ['sip:bob@bolt.example:0', 'port 0'],
    ['sip:bob@bolt.example:65536', 'a port too great'],
    ['sip:bob@bolt.example:506O', 'a port with a letter'],
    ['sip:bob@bolt.example:99999999999999999999', 'a port far too great'],
    ['sip:bob@bolt.example/x', 'a path'],
    ['sip:bob@[2001:db8::1', 'an unclosed bracket'],
    ['sip:bob@2001:db8::1', 'IPv6 without brackets'],
    ['sip:bob@[2001:db8::1::2]', 'two gaps'],
    ['sip:bob@[2001:db8:::1]', 'three colons'],
    ['sip:bob@[1:2:3:4:5:6:7]', 'seven groups'],
    ['sip:bob@[1:2:3:4:5:6:7:8:9]', 'nine groups'],
    ['sip:bob@[1:2:3:4:5:6:7::8]', 'a gap for nothing'],
    ['sip:bob@[12345::]', 'a group too long'],
    ['sip:bob@[::1:]', 'a colon at the end'],
    ['sip:bob@[:1::]', 'a colon at the start'],
    ['sip:bob@[::ffff:192.0.2.256]', 'an IPv4 part too great'],
    ['sip:bob@[::ffff:192.0.2]', 'an IPv4 part too short'],
    ['sip:bob@[::192.0.2.1:1]', 'an IPv4 part in the middle'],
    ['sip:bob@[fe80::1%eth0]', 'a zone'],
    ['sip:bob@[]', 'empty brackets'],
    ['sip:bo%4@bolt.example', 'half an escape'],
    ['sip:bo%zz@bolt.example', 'an escape of no hex digits'],
    ['sip:bob@bolt.example;x=%4', 'half an escape at the end'],
    ['sip:bo b@bolt.example', 'a space'],
    ['sip:bo\tb@bolt.example', 'a tab'],
    ['sip:bo\0b@bolt.example', 'NUL'],
    ['sip:bob@bolt.example\r\nX: y', 'CR LF'],
    ['sip:bob<@bolt.example', 'a <'],
    ['sip:"bob"@bolt.example', 'quotes'],
    ['sip:bob\\@bolt.example', 'a backslash'],
    ['sip:bob@bolt.example;', 'an empty parameter'],
    ['sip:bob@bolt.example;;lr', 'an empty parameter between two'],
    ['sip:bob@bolt.example;=x', 'a parameter without a name'],
    ['sip:bob@bolt.example;lr;LR', 'a parameter twice'],
    ['tel:', 'no number'],
    ['tel:+', 'no digit'],
    ['tel:()', 'no digit'],
    ['tel:bob', 'letters beyond f'],
    ['sip:bob@\u0161olt.example', 'a character above 255'],
  ])('%j: %s', (text) => {
    expect(refusal(text)).toBe('uri');
    if (!text.includes(';') && !text.startsWith('tel')) expect(domain(text)).toBe('');
  });
});

describe('parseUri reads', () => {
  it.each([
    ['sip:bolt.example', 'sip', '', 'bolt.example', 0],
    ['SIP:bob@BOLT.example', 'sip', 'bob', 'bolt.example', 0],
    ['sips:bob@bolt.example:5061', 'sips', 'bob', 'bolt.example', 5061],
    ['sip:bob:secret@bolt.example', 'sip', 'bob', 'bolt.example', 0],
    ['sip:bob@bolt.example.', 'sip', 'bob', 'bolt.example', 0],
    ['sip:+15551234;phone-context=x@bolt.example', 'sip', '+15551234;phone-context=x', 'bolt.example', 0],
    ['sip:a?b&c=d/e$f,g@bolt.example', 'sip', 'a?b&c=d/e$f,g', 'bolt.example', 0],
    ['sip:%40%00@bolt.example', 'sip', '%40%00', 'bolt.example', 0],
    ['sip:#21#@bolt.example', 'sip', '#21#', 'bolt.example', 0],
    ['sip:192.0.2.1:5060', 'sip', '', '192.0.2.1', 5060],
    ['sip:bob@[2001:DB8::9:1]:5070', 'sip', 'bob', '[2001:db8::9:1]', 5070],
    ['sip:[::]', 'sip', '', '[::]', 0],
    ['sip:[::1]', 'sip', '', '[::1]', 0],
    ['sip:[1::]', 'sip', '', '[1::]', 0],
    ['sip:[1:2:3:4:5:6:7:8]', 'sip', '', '[1:2:3:4:5:6:7:8]', 0],
    ['sip:[1:2:3:4:5:6:7::]', 'sip', '', '[1:2:3:4:5:6:7::]', 0],
    ['sip:[::ffff:192.0.2.10]', 'sip', '', '[::ffff:192.0.2.10]', 0],
    ['sip:[1:2:3:4:5:6:192.0.2.10]', 'sip', '', '[1:2:3:4:5:6:192.0.2.10]', 0],
    ['sip:user@[2001:db8:::192.0.2.1]', 'sip', 'user', '[2001:db8:::192.0.2.1]', 0],
    ['sip:bob@host_1:5060', 'sip', 'bob', 'host_1', 5060],
    ['tel:+1-201-555-0123', 'tel', '+1-201-555-0123', '', 0],
    ['TEL:7042;phone-context=example.com', 'tel', '7042', '', 0],
    ['im:bob@bolt.example', 'im', 'bob@bolt.example', '', 0],
    ['urn:service:sos', 'urn', 'service:sos', '', 0],
  ])('%s', (text, scheme, user, host, port) => {
    const uri = parseUri(text);
    expect([uri.scheme, uri.user, uri.host, uri.port, uri.text]).toEqual([scheme, user, host, port, text]);
    expect(domain(text)).toBe(host);
    expect(uriDomain(`<${text}>`, 1, text.length + 1)).toBe(host);
  });

  it('parameters by lower-case name, and headers', () => {
    const uri = parseUri('sip:bob@bolt.example;Transport=TLS;lr;x=%3b?Subject=a&Priority=b');
    expect([...uri.parameters]).toEqual([
      ['transport', 'TLS'],
      ['lr', ''],
      ['x', '%3b'],
    ]);
    expect(uri.headers).toBe('Subject=a&Priority=b');
    expect([...parseUri('tel:7042;phone-context=+1').parameters]).toEqual([['phone-context', '+1']]);
  });

  it('a host that parameters only pretend to name', () => {
    expect(domain('sip:acme.example;maddr=bolt.example')).toBe('acme.example');
    expect(domain('sip:acme.example?To=sip:bolt.example')).toBe('acme.example');
    expect(domain('sip:bolt.example;x=y@acme.example')).toBe('acme.example');
  });
});

describe('whom a URI names, whatever its parameters', () => {
  it.each([
    ['sip:bob:pw@BOLT.example:5071;a;a', 'bob', 'bolt.example', 5071],
    ['SIPS:bob@bolt.example;;?a&&', 'bob', 'bolt.example', 0],
    ['sip:bolt.example;=', '', 'bolt.example', 0],
    ['sip:[::1]:1;x', '', '[::1]', 1],
  ])('%s', (text, user, host, port) => {
    expect(uriPlace(text)).toMatchObject({ user, host, port });
    expect(userOfUri(text)).toBe(user === '' ? '' : `${user}@${host}`);
  });

  it.each(['tel:1', 'sip:', 'sip:@a', 'sip:a@b@c', 'sip:a b', 'sip:a>', 'http://a'])('nobody: %j', (text) => {
    expect([uriPlace(text), userOfUri(text)]).toEqual([undefined, '']);
  });
});
