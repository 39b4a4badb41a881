import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSampleAuthority } from '../sample/sample-authority.js';
import { refusedBy } from './doctor-ask.js';
import { dialHub } from './doctor-dial.js';
import { problem } from './doctor-findings.js';
import { dialFindings, inLightOf } from './doctor-judge.js';

describe('what the doctor says of the hub', () => {
  let server: Server;
  let authorities = '';
  let port = 0;

  beforeAll(async () => {
    const authority = await createSampleAuthority('ca', new Date());
    const { certificate, key } = await authority.issue({ commonName: 'x', domains: ['hub.example'], dns: false });
    authorities = authority.certificate;
    server = createServer({ cert: certificate, key }, (socket) => socket.on('error', () => {}).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(() => {
    server.close();
  });

  async function said(name: string, showed: boolean): Promise<string[]> {
    const hub = { host: '127.0.0.1', port, name };
    const report = await dialHub({ ...hub, certificate: undefined, key: undefined, authorities, domain: 'acme.example' });
    return dialFindings(report, hub, authorities, Date.now(), showed).map((finding) => `${finding.step}: ${finding.said}; ${finding.cure}`);
  }

  it.each([
    ['another name', 'other.example', 'hub certificate: it is for hub.example, not for other.example; give the SIP domain of the hub'],
    ['an address', '127.0.0.1', 'hub certificate: it is for hub.example, not for 127.0.0.1; give the SIP domain of the hub'],
    ['its own name, although only as SIP URI', 'hub.example', 'hub certificate: it is that of hub.example'],
  ])('tells its names apart from its authority: expected is %s', async (_, name, told) => {
    expect((await said(name, true)).find((line) => line.startsWith('hub certificate'))).toContain(told);
  });

  it('says that nothing was shown, rather than that the hub does not like it', async () => {
    expect((await said('hub.example', false)).at(-1)).toContain('no certificate was shown to it');
    expect((await said('hub.example', true)).at(-1)).toContain('it does not let this certificate in');
  });

  it('holds what only the hub knows against nobody whom the hub has let in', () => {
    const found = [problem('chain', 'broken-chain', ''), problem('certificate', 'wildcard-name', '')];
    const answer = { status: 200, label: '200 OK', reason: '' };
    expect(inLightOf({ source: '' }, found)).toEqual(found);
    expect(inLightOf({ source: '', answer }, found).map(({ state }) => state)).toEqual(['unknown', 'problem']);
  });

  it.each([
    [
      'This needs credentials: send "authorization: Bearer TOKEN", or show a client certificate. The client certificate does not help: it is revoked.',
      'problem',
      'this certificate lets nobody in: it is revoked',
    ],
    [
      'Member acme is quarantined (until 2027-01-31T12:00:00Z): spam.',
      'problem',
      'Member acme is quarantined (until 2027-01-31T12:00:00Z): spam',
    ],
    [
      'The hub has no membership yet: see /readyz of policy for why.',
      'unknown',
      'The hub has no membership yet: see /readyz of policy for why.',
    ],
  ])('takes the refusal of the API for the answer: %s', (message, state, told) => {
    expect(refusedBy(new Error(message))).toMatchObject({ state, said: told });
  });
});
