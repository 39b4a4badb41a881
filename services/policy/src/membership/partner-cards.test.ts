import { Authority, Community, Listener } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { describe, expect, it } from 'vitest';
import { hubCard } from './partner-cards.js';

describe('what a member’s proxy is told of the hub', () => {
  const listener = (rest: Partial<Listener>) => Listener.fromPartial({ name: 'members', port: 5061, ...rest });
  const card = (listeners: Listener[]) =>
    hubCard(Community.fromPartial({ domain: 'hub.example', listeners, anchors: ['one', 'own'] }), [
      Authority.fromPartial({ certificate: 'own' }),
      Authority.fromPartial({ certificate: 'next' }),
    ]);

  it.each([
    ['all addresses', { host: '0.0.0.0' }, 'hub.example'],
    ['all addresses of IPv6 too', { host: '::' }, 'hub.example'],
    ['one address', { host: '192.0.2.1' }, ''],
    ['all addresses, and is reached by another name', { host: '0.0.0.0', advertisedHost: 'sip.hub.example' }, 'sip.hub.example'],
  ])('of a listener at %s', (_, told, advertisedHost) => {
    expect(card([listener(told)]).listeners).toEqual([{ ...listener(told), advertisedHost }]);
  });

  it('names an authority once, though the community file and the hub have it', () => {
    expect(card([]).anchors).toEqual(['one', 'own', 'next']);
  });
});
