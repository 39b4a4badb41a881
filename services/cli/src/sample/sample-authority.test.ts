import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createSampleAuthority, readSampleAuthority, type SampleIdentity } from './sample-authority.js';

const now = new Date();

/** What a mutual TLS handshake between the two says: the error, or the names each saw. */
async function handshake(server: SampleIdentity, client: SampleIdentity, ca: string): Promise<string> {
  const listener = createServer({ cert: server.certificate, key: server.key, ca, requestCert: true, rejectUnauthorized: true });
  listener.on('secureConnection', (socket) => socket.end(`hello ${socket.getPeerCertificate().subject.CN}`));
  listener.on('tlsClientError', (_error, socket) => socket.destroy());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, servername: 'hub.example', cert: client.certificate, key: client.key, ca });
      socket.on('error', (error) => resolve(`refused ${error.message}`));
      socket.on('data', (chunk) => resolve(chunk.toString()));
      socket.on('close', () => resolve('refused by closing'));
    });
  } finally {
    listener.close();
  }
}

describe('a sample authority', () => {
  it('makes certificates of another authority worthless', async () => {
    const ours = await createSampleAuthority('ours', now);
    const theirs = await createSampleAuthority('theirs', now);
    const hub = await ours.issue({ commonName: 'hub', domains: ['hub.example'] });
    const stranger = await theirs.issue({ commonName: 'acme', domains: ['acme.example'] });
    expect(await handshake(hub, stranger, ours.certificate)).toMatch(/^refused/);
  });

  it('issues what both ends of a mutual TLS connection accept', async () => {
    const ours = await createSampleAuthority('ours', now);
    const hub = await ours.issue({ commonName: 'hub', domains: ['hub.example'] });
    const acme = await ours.issue({ commonName: 'acme', domains: ['acme.example'] });
    expect(await handshake(hub, acme, ours.certificate)).toBe('hello acme');
  });

  it('names domains as SIP identities, and hosts but not addresses as DNS names', async () => {
    const ours = await createSampleAuthority('ours', now);
    const { certificate } = await ours.issue({
      commonName: 'acme',
      domains: ['acme.example'],
      hosts: ['sip.acme.example', '127.0.0.1', '::1'],
    });
    expect(new X509Certificate(certificate).subjectAltName).toBe('URI:sip:acme.example, DNS:acme.example, DNS:sip.acme.example');
  });

  it('can be read back and goes on issuing', async () => {
    const first = await createSampleAuthority('ours', now);
    const again = await readSampleAuthority(first, now);
    const { certificate } = await again.issue({ commonName: 'late', domains: ['late.example'] });
    expect(new X509Certificate(certificate).verify(new X509Certificate(first.certificate).publicKey)).toBe(true);
  });

  it('issues expired certificates when asked to', async () => {
    const ours = await createSampleAuthority('ours', now);
    const { certificate } = await ours.issue({ commonName: 'old', domains: ['old.example'], days: -1 });
    expect(Date.parse(new X509Certificate(certificate).validTo)).toBeLessThan(now.getTime());
  });
});
