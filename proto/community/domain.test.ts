import { describe, expect, it } from 'vitest';
import { domainFault, hostFault, isIpAddress } from './domain.js';

describe('domainFault', () => {
  it.each([
    ['', 'empty'],
    ['Acme.example', 'capital letters: write acme.example'],
    ['*.acme.example', 'wildcard'],
    ['acme.*', 'wildcard'],
    ['sip:acme.example', 'address'],
    ['alice@acme.example', 'address'],
    ['10.0.0.1', 'IP address'],
    ['::1', 'IP address'],
    ['2001:db8::1', 'IP address'],
    ['[2001:db8::1]', 'IP address'],
    ['acme.example:5061', 'port'],
    ['acme.example.', 'ends with a dot'],
    ['acme..example', 'empty label'],
    ['.acme.example', 'empty label'],
    ['-acme.example', 'hyphen'],
    ['acme-.example', 'hyphen'],
    ['ac_me.example', 'character'],
    ['ac me.example', 'character'],
    ['acme.example\r\n', 'printable'],
    ['äcme.example', 'xn--'],
    ['acme.123', 'number'],
    ['1.2.3', 'number'],
    [`${'a'.repeat(64)}.example`, '63'],
    [`${'a.'.repeat(126)}ab`, '253'],
  ])('refuses %j: %s', (text, word) => {
    expect(domainFault(text)).toContain(word);
  });

  it.each([
    ['acme.example'],
    ['a'],
    ['xn--mnchen-3ya.example'],
    ['3com.example'],
    ['a.1.b'],
    [`${'a'.repeat(63)}.example`],
    [`${'a.'.repeat(126)}a`],
  ])('takes %s', (text) => {
    expect(domainFault(text)).toBeUndefined();
  });
});

describe('hostFault', () => {
  it.each([['[::1]'], ['1.2.3.4.5'], ['256.1.1.1'], ['Host.example'], ['::1%eth0'], ['']])('refuses %s', (text) => {
    expect(hostFault(text)).toBeDefined();
  });

  it.each([['127.0.0.1'], ['0.0.0.0'], ['::'], ['2001:db8::1'], ['sip.acme.example']])('takes %s', (text) => {
    expect(hostFault(text)).toBeUndefined();
  });

  it('tells addresses from names', () => {
    expect(['127.0.0.1', '::1', 'acme.example', '1.2.3', ''].map(isIpAddress)).toEqual([true, true, false, false, false]);
  });
});
