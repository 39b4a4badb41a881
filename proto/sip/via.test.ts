import { describe, expect, it } from 'vitest';
import { SipError } from './sip-error.js';
import { parseVia } from './via.js';

const parse = (text: string) => parseVia(text, 0, text.length);

function refusal(text: string): string {
  try {
    parse(text);
    return 'accepted';
  } catch (error) {
    return error instanceof SipError ? error.code : String(error);
  }
}

describe('parseVia refuses', () => {
  it.each([
    ['', 'nothing'],
    ['SIP/2.0/TLS', 'no sent-by'],
    ['SIP/2.0/ a.example', 'no transport'],
    ['SIP/2.0/TLSa.example', 'no space before sent-by'],
    ['SIP/1.0/TLS a.example', 'another version'],
    ['HTTP/2.0/TLS a.example', 'another protocol'],
    ['SIP/2.0 TLS a.example', 'a slash missing'],
    ['SIP/2.0/TLS ;branch=x', 'no host'],
    ['SIP/2.0/TLS a..example', 'an empty label'],
    ['SIP/2.0/TLS a.example:', 'a port without digits'],
    ['SIP/2.0/TLS a.example:0', 'port 0'],
    ['SIP/2.0/TLS a.example:65536', 'a port too great'],
    ['SIP/2.0/TLS a.example:50x', 'a letter in the port'],
    ['SIP/2.0/TLS 2001:db8::1', 'IPv6 without brackets'],
    ['SIP/2.0/TLS [2001:db8::1', 'an unclosed bracket'],
    ['SIP/2.0/TLS a.example;', 'an empty parameter'],
    ['SIP/2.0/TLS a.example;;branch=x', 'an empty parameter between'],
    ['SIP/2.0/TLS a.example;branch', 'a branch without value'],
    ['SIP/2.0/TLS a.example;branch=', 'an empty branch'],
    ['SIP/2.0/TLS a.example;branch=x;branch=x', 'two branches'],
    ['SIP/2.0/TLS a.example;branch=x;BRANCH=y', 'two branches in two letter cases'],
    ['SIP/2.0/TLS a.example;received', 'received without value'],
    ['SIP/2.0/TLS a.example;received=1.2.3.4;received=1.2.3.4', 'two received'],
    ['SIP/2.0/TLS a.example;rport;rport=1', 'two rport'],
    ['SIP/2.0/TLS a.example;x="y', 'an unclosed quote'],
    ['SIP/2.0/TLS a.example;x=<y>', 'a bracket in a value'],
    ['SIP/2.0/TLS a.example x', 'a second word'],
    ['SIP/2.0/TLS a.example,', 'a comma at the end'],
    ['SIP/2.0/TLS a.example , ', 'a comma and spaces at the end'],
    ['SIP/2.0/UDP 192.0.2.15;;,;,,', 'what RFC 4475 3.1.2.1 has'],
  ])('%j: %s', (text) => {
    expect(refusal(text)).toBe('via');
  });

  it('a second value only when it is read', () => {
    const text = 'SIP/2.0/TLS a.example , x';
    const { next } = parse(text);
    expect(text.slice(next)).toBe('x');
    expect(() => parseVia(text, next, text.length)).toThrow(SipError);
  });
});

describe('parseVia reads', () => {
  it('the usual', () => {
    const text = 'SIP/2.0/TLS Sip.Acme.example:5061;branch=z9hG4bKa1;rport;received=192.0.2.1;i=7';
    expect(parse(text)).toEqual({
      overload: '',
      transport: 'TLS',
      host: 'sip.acme.example',
      port: 5061,
      branch: 'z9hG4bKa1',
      hasRport: true,
      rportAt: text.indexOf(';received'),
      received: '192.0.2.1',
      start: 0,
      end: text.length,
      next: -1,
    });
  });

  it.each([
    ['SIP/2.0/UDP a', 'a', 0, ''],
    ['sip/2.0/ws a.example;BRANCH=x', 'a.example', 0, 'x'],
    ['SIP  / 2.0  / TCP     a.example   ;\r\n  branch  =   z9hG4bK9ikj8  ', 'a.example', 0, 'z9hG4bK9ikj8'],
    ['SIP/2.0/UDP a.example : 5070 ; branch=x', 'a.example', 5070, 'x'],
    ['SIP/2.0/UDP [2001:DB8::9:1];received=[2001:db8::9:255];branch=x', '[2001:db8::9:1]', 0, 'x'],
    ['SIP/2.0/UDP [2001:db8::9:1]:6050;received=2001:db8::9:255;branch=x', '[2001:db8::9:1]', 6050, 'x'],
    ['SIP/2.0/UDP a.example.;branch=x', 'a.example', 0, 'x'],
    ['SIP/2.0/UDP host_1:5060;branch=x', 'host_1', 5060, 'x'],
    ['SIP/2.0/UNKNOWN a.example;x="a,b;branch=no";branch=x', 'a.example', 0, 'x'],
    ['SIP/2.0/UDP a.example;hidden;ttl=1;maddr=225.0.0.1;branch=z9hG4bK', 'a.example', 0, 'z9hG4bK'],
  ])('%j', (text, host, port, branch) => {
    const via = parse(text);
    expect([via.host, via.port, via.branch, via.next]).toEqual([host, port, branch, -1]);
    expect(text.slice(via.start, via.end)).toBe(text.trim());
  });

  it('rport empty, filled, or missing', () => {
    const rportOf = (text: string) => {
      const { hasRport, rportAt } = parse(text);
      return [hasRport, text.slice(0, rportAt < 0 ? 0 : rportAt)];
    };
    expect(rportOf('SIP/2.0/TLS a;RPORT ;branch=x')).toEqual([true, 'SIP/2.0/TLS a;RPORT']);
    expect(rportOf('SIP/2.0/TLS a;branch=x;rport')).toEqual([true, 'SIP/2.0/TLS a;branch=x;rport']);
    expect(rportOf('SIP/2.0/TLS a;rport=5060;branch=x')).toEqual([true, '']);
    expect(rportOf('SIP/2.0/TLS a;branch=x;xrport')).toEqual([false, '']);
  });

  it('one value after another, wherever they stand', () => {
    const text = 'Via: SIP/2.0/TLS a;branch=1 ,\r\n SIP/2.0/TCP b;x="," , SIP/2.0/UDP c\r\n';
    const end = text.length - 2;
    const hosts: string[] = [];
    for (let at = 5; at >= 0; ) {
      const via = parseVia(text, at, end);
      hosts.push(`${via.host} ${text.slice(via.start, via.end)}`);
      at = via.next;
    }
    expect(hosts).toEqual(['a SIP/2.0/TLS a;branch=1', 'b SIP/2.0/TCP b;x=","', 'c SIP/2.0/UDP c']);
  });
});
