import { connect as connectTcp } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { type CertificateFacts, certificateFacts, parseAnchors } from '@guildhall/chassis/certificate';
import { missingIssuer, reasonOfCode } from '@guildhall/chassis/certificate-reason';
import { type Revocations, revokedIn } from '@guildhall/chassis/revocations';
import { createSampleAuthority } from '../sample/sample-authority.js';
import { type Finding, problem } from './doctor-findings.js';

const step = 'chain';
const patience = 5_000;

/** A certificate, its key and the authorities the hub is said to trust, all PEM. */
export interface RehearsalPart {
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
  readonly revocations: Revocations;
}

/**
 * Shows the certificate to a listener of our own on the loopback that trusts only these authorities, as the hub's does: OpenSSL says of the
 * chain what it will say there.
 */
export async function rehearse(part: RehearsalPart, now: Date): Promise<Finding> {
  const anchors = parseAnchors([part.authorities]);
  const facts = await shown(part, now);
  if (facts === undefined) return { step, state: 'unknown', said: 'the certificate could not be shown to a listener of our own' };
  if (revokedIn(facts.chain, anchors, part.revocations) !== undefined) return problem(step, 'revoked', 'by the list you gave');
  if (facts.authorized) return { step, state: 'good', said: 'it leads to an authority that you gave' };
  const missing = missingIssuer(facts.chain, anchors);
  const code = facts.authorizationError;
  if (missing !== '')
    return problem(step, 'broken-chain', `the certificate of its issuer ${missing.replaceAll('\n', ', ')} is not in the file`);
  const own = facts.chain.some((one) => anchors.some((anchor) => one.checkIssued(anchor) && one.verify(anchor.publicKey)));
  return own ? problem(step, reasonOfCode(code, 'client'), code) : problem(step, 'untrusted-authority', code);
}

async function shown({ certificate, key, authorities }: RehearsalPart, now: Date): Promise<CertificateFacts | undefined> {
  const own = await (await createSampleAuthority('guildhall doctor', now, 1)).issue({ commonName: 'doctor', domains: ['doctor.invalid'] });
  const server = createServer({ cert: own.certificate, key: own.key, ca: [authorities], requestCert: true, rejectUnauthorized: false });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), patience);
      const done = (facts: CertificateFacts | undefined): void => {
        clearTimeout(timer);
        client.destroy();
        resolve(facts);
      };
      server.once('secureConnection', (socket: TLSSocket) => {
        socket.on('error', () => undefined);
        done(certificateFacts(socket));
        socket.destroy();
      });
      server.once('tlsClientError', () => done(undefined));
      const client = connect({ socket: connectTcp(port, '127.0.0.1'), cert: certificate, key, rejectUnauthorized: false });
      client.once('error', () => done(undefined));
    });
  } finally {
    server.close();
  }
}
