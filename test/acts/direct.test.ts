import { describe, expect, it } from 'vitest';
import { exchangeWithin, openCall } from '../stage/call.js';
import { exchange, refusal } from '../stage/exchange.js';
import { federate } from '../stage/federation.js';

/** How fast the hubs of these stories ask DNS. */
const asking = { timeout: '500ms', tries: 1 } as const;

describe('two organizations, each with a hub of its own as access proxy', () => {
  const { actor, ground } = federate(['acme-edge', 'bolt-edge'], ({ port, dns }) => {
    // Acme has Bolt's address written down, Bolt finds Acme by what it publishes.
    dns.set('SRV', '_sipfederationtls._tcp.acme.example', [{ target: 'edge.acme.example', port: port('acme-edge') }]);
    dns.set('A', 'edge.acme.example', ['127.0.0.1']);
    return {
      'acme-edge': {
        domain: 'edge.acme.example',
        names: ['acme.example'],
        model: 'direct',
        cast: {
          acme: { entry: { role: 'internal' } },
          desk: { domains: ['desk.acme.example'], entry: { role: 'internal', below: ['acme'] } },
          bolt: {
            offstage: true,
            entry: { role: 'partner', proxies: [{ host: '127.0.0.1', port: port('bolt-edge') }] },
          },
          crow: { entry: { role: 'partner' } },
        },
      },
      'bolt-edge': {
        domain: 'edge.bolt.example',
        names: ['bolt.example'],
        model: 'direct',
        settings: { relay: { dns: { servers: [dns.address], ...asking } } },
        cast: {
          bolt: { entry: { role: 'internal' } },
          acme: { offstage: true, entry: { role: 'partner', lookup: 'acme.example' } },
        },
      },
    };
  });

  it('a message from inside to inside, through both, to the fixed address and to the one that DNS tells', async () => {
    const { request } = await exchange(actor('acme'), actor('bolt'));
    expect(request.headers('via')).toHaveLength(3);
    await exchange(actor('bolt'), actor('acme'));
    expect(ground().dns.asked('SRV', '_sips._tcp.acme.example')).toBeGreaterThan(0);
    expect(ground().dns.asked('NAPTR', 'acme.example')).toBeGreaterThan(0);
  });

  it('a call, with what belongs to it', async () => {
    const { caller, callee } = await openCall(actor('bolt'), actor('acme'));
    await exchangeWithin(actor('acme'), callee, actor('bolt'), 'INFO');
    await exchangeWithin(actor('bolt'), caller, actor('acme'), 'BYE');
  });

  it('between two partners, and between two servers inside, nothing is carried', async () => {
    const crow = actor('crow');
    expect(await refusal(crow, crow.request('MESSAGE', 'sip:bob@bolt.example'))).toBe('403 not-a-partner');
    const acme = actor('acme');
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:x@desk.acme.example'))).toBe('403 not-a-partner');
  });

  it('who is no partner is not known', async () => {
    const acme = actor('acme');
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:x@stranger.test'))).toBe('404 unknown-domain');
  });
});
