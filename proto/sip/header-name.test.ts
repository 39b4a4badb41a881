import { describe, expect, it } from 'vitest';
import { Header, headerId } from './header-name.js';

const id = (name: string) => headerId(name, 0, name.length);

describe('a header name', () => {
  it.each([
    ['', 'nothing'],
    ['Vi', 'cut short'],
    ['Viaa', 'one letter more'],
    ['X-Via', 'a prefix'],
    ['V1a', 'a digit for a letter'],
    ['Max\rForwards', 'a control that differs from - in one bit'],
    ['Max Forwards', 'a space for the hyphen'],
    ['Max_Forwards', 'an underscore for the hyphen'],
    ['z', 'no compact form'],
    ['constructor', 'inherited by objects'],
    ['x'.repeat(500), 'long'],
    ['Vi\u0161', 'a character above 255 that ends like a letter'],
  ])('%j is unknown: %s', (name) => {
    expect(id(name)).toBe(Header.other);
  });

  it.each([
    ['Via', Header.via],
    ['VIA', Header.via],
    ['vIa', Header.via],
    ['v', Header.via],
    ['V', Header.via],
    ['From', Header.from],
    ['f', Header.from],
    ['TO', Header.to],
    ['t', Header.to],
    ['Call-ID', Header.callId],
    ['cAlL-iD', Header.callId],
    ['i', Header.callId],
    ['CSeq', Header.cseq],
    ['Max-Forwards', Header.maxForwards],
    ['Content-Length', Header.contentLength],
    ['l', Header.contentLength],
    ['L', Header.contentLength],
    ['Contact', Header.contact],
    ['m', Header.contact],
    ['Event', Header.event],
    ['o', Header.event],
    ['Record-Route', Header.recordRoute],
    ['Route', Header.route],
    ['Proxy-Require', Header.proxyRequire],
    ['P-Asserted-Identity', Header.pAssertedIdentity],
    ['P-Preferred-Identity', Header.pPreferredIdentity],
    ['ms-edge-proxy-message-trust', Header.edgeProxyTrust],
    ['MS-Edge-Proxy-Message-Trust', Header.edgeProxyTrust],
    ['Proxy-Authorization', Header.proxyAuthorization],
    ['r', Header.referTo],
    ['y', Header.identity],
  ])('%s has id %i', (name, expected) => {
    expect(id(name)).toBe(expected);
    expect(headerId(`xx${name}yy`, 2, 2 + name.length)).toBe(expected);
  });

  it('has one id a field', () => {
    const ids = Object.values(Header);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
