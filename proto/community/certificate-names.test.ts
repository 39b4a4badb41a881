import { expect, it } from 'vitest';
import { memberNames, proxyNames } from './certificate-names.js';

it.each([
  [{ host: 'sip.acme.example', name: 'edge.acme.example' }, ['edge.acme.example']],
  [{ host: '10.0.0.1', name: '' }, ['acme.example', 'acme.test']],
  [{ host: '::1' }, ['acme.example', 'acme.test']],
  [{ host: 'sip.acme.example' }, ['acme.example', 'acme.test', 'sip.acme.example']],
  [{ host: 'acme.test' }, ['acme.example', 'acme.test']],
])('a proxy %j carries one of %j', (proxy, names) => {
  expect(proxyNames(['acme.example', 'acme.test'], proxy)).toEqual(names);
});

it('a member has its domains and its proxies names, each once', () => {
  const proxies = [{ host: '10.0.0.1', name: 'edge.acme.example' }, { host: 'sip.acme.example' }];
  expect(memberNames(['acme.example'], proxies)).toEqual(['acme.example', 'edge.acme.example', 'sip.acme.example']);
  expect(memberNames(['acme.example'], [])).toEqual(['acme.example']);
});
