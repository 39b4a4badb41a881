import { describe, expect, it } from 'vitest';
import { publicAddresses } from './public-address.js';

describe('addresses of the public network', () => {
  const isPublic = publicAddresses();
  it.each([
    '',
    'localhost',
    'acme.test',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
  ])('%s is none', (address) => {
    expect(isPublic(address)).toBe(false);
  });
  it.each(['1.1.1.1', '172.15.255.255', '172.32.0.1', '223.255.255.1', '2606:4700::1111', '2a00:1450:4001::1'])('%s is one', (address) => {
    expect(isPublic(address)).toBe(true);
  });
});
