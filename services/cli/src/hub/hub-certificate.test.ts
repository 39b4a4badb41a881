import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSampleAuthority, type SampleAuthority, type SampleNames } from '../sample/sample-authority.js';
import { startSampleMember } from '../sample/sample-member.js';
import { notSent } from './hub-certificate.js';

const shown: Readonly<Record<string, SampleNames>> = {
  both: { commonName: 'x', domains: ['hub.example'] },
  uriOnly: { commonName: 'x', domains: ['hub.example'], dns: false },
  dnsOnly: { commonName: 'x', domains: [], hosts: ['hub.example'] },
  wildcard: { commonName: 'hub.example', domains: [], hosts: ['*.example'] },
  nameless: { commonName: 'hub.example', domains: [] },
  other: { commonName: 'x', domains: ['other.example'] },
};

describe('the certificate of a hub', () => {
  let authority: SampleAuthority;
  let stranger: SampleAuthority;
  const servers = new Map<string, Server>();

  beforeAll(async () => {
    authority = await createSampleAuthority('ca', new Date());
    stranger = await createSampleAuthority('other ca', new Date());
    for (const [kind, names] of Object.entries(shown)) {
      const { certificate, key } = await authority.issue(names);
      const server = createServer({ cert: certificate, key }, (socket) => socket.on('error', () => {}));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.set(kind, server);
    }
  });
  afterAll(() => {
    for (const server of servers.values()) server.close();
  });

  /** Dials as a member and resolves to what went wrong, as `send` tells it: message and cure. */
  async function dialled(kind: string, name: string, ca = authority.certificate): Promise<string> {
    const address = servers.get(kind)?.address();
    const port = typeof address === 'object' && address !== null ? address.port : 1;
    const hub = { host: '127.0.0.1', port, name };
    const member = await startSampleMember({
      id: 'acme',
      domain: 'acme.example',
      ...(await authority.issue({ commonName: 'a', domains: [] })),
      ca,
      hub,
    });
    try {
      await member.dial();
      return 'good';
    } catch (thrown) {
      const { message, cure } = notSent(hub, thrown);
      return `${message}; ${cure}`;
    } finally {
      await member.close();
    }
  }

  it.each([
    ['other', 'hub.example', /is for other\.example, not for hub\.example; .*--name/],
    ['wildcard', 'hub.example', /names no SIP domain, not for hub\.example/],
    ['nameless', 'hub.example', /names no SIP domain/],
    ['both', '127.0.0.1', /; .*--name/],
    ['nobody', 'hub.example', /ECONNREFUSED.*; .*guildhall up/],
  ])('%s does not do for %s', async (kind, name, told) => {
    expect(await dialled(kind, name)).toMatch(told);
  });

  it('does not do when another authority is trusted', async () => {
    expect(await dialled('both', 'hub.example', stranger.certificate)).toMatch(/; give the authority .*--ca/);
  });

  it.each(['both', 'uriOnly', 'dnsOnly'])('%s does, whatever the letter case', async (kind) => {
    expect(await dialled(kind, 'Hub.Example')).toBe('good');
  });
});
