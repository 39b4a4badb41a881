import { X509Certificate } from 'node:crypto';
import { factsOf, parseAnchors, sipNames } from '@guildhall/chassis/certificate';
import { missingIssuer, reasonOfCode } from '@guildhall/chassis/certificate-reason';
import { certificateFacts } from './doctor-certificate.js';
import type { DialReport } from './doctor-dial.js';
import { type Finding, problem } from './doctor-findings.js';

/** What dialling brought, in words. `now` is wall time, ms; `showed`: we had a certificate to show. */
export function dialFindings(
  report: DialReport,
  hub: { readonly host: string; readonly port: number; readonly name: string },
  authorities: string | undefined,
  now: number,
  showed: boolean,
): Finding[] {
  const at = `${hub.host}:${hub.port}`;
  if (report.network !== undefined) return [networkFinding(report.network, at)];
  const found: Finding[] = [
    { step: 'network', state: 'good', said: `${at} is there; it sees us as ${report.source} unless a NAT is between` },
  ];
  if (report.handshake !== undefined) return [...found, handshakeFinding(report.handshake)];
  found.push({ step: 'handshake', state: 'good', said: 'TLS was agreed on' });
  if (report.hub !== undefined) found.push(hubFinding(report.hub, hub.name, authorities, now));
  return [...found, answerFinding(report, showed)];
}

/** What the hub may know of a member and we do not: an authority of its own, and a pinned key. */
const ownTrust: ReadonlySet<string | undefined> = new Set(['untrusted-authority', 'broken-chain', 'not-for-clients']);

/** What was held against the certificate, once the hub has let it in: then its trust rests on more than what we were given. */
export function inLightOf({ answer }: DialReport, found: readonly Finding[]): Finding[] {
  if (answer === undefined) return [...found];
  return found.map((finding): Finding => {
    if (finding.state !== 'problem' || finding.step === 'hub certificate' || !ownTrust.has(finding.reason)) return finding;
    const { step, said } = finding;
    return { step, state: 'unknown', said: `${said}; but the hub lets it in, by an authority of this member's own or a pinned key` };
  });
}

function networkFinding(code: string, at: string): Finding {
  const step = 'network';
  switch (code) {
    case 'ECONNREFUSED':
      return { step, state: 'problem', said: `nobody listens at ${at}`, cure: 'check the port (5061 is usual) and that the hub runs' };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        step,
        state: 'problem',
        said: `${at} does not answer`,
        cure: 'check the address, and that no firewall swallows packets to it',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { step, state: 'problem', said: `DNS knows no ${at}`, cure: 'check the spelling of the host, or give its address' };
    default:
      return { step, state: 'problem', said: `${at} cannot be reached: ${code}`, cure: 'check the address and the network between' };
  }
}

function handshakeFinding(code: string): Finding {
  const step = 'handshake';
  const said = `TLS was not agreed on: ${code}`;
  if (code === 'ETIMEDOUT')
    return { step, state: 'problem', said, cure: 'check that this is the TLS port of the hub, and that nothing between cuts packets' };
  if (/WRONG_VERSION|PACKET|HTTP/.test(code))
    return { step, state: 'problem', said, cure: 'this port does not speak TLS: give that of a SIP listener of the hub' };
  if (code === 'closed' || code === 'ECONNRESET')
    return {
      step,
      state: 'problem',
      said: 'the hub ended the connection in the middle of the handshake',
      cure: 'it may have too many connections from here: reuse them, and see guildhall refusals',
    };
  return { step, state: 'problem', said, cure: 'speak TLS 1.2 or 1.3 with the usual ciphers' };
}

function hubFinding(
  { raw, authorizationError }: NonNullable<DialReport['hub']>,
  name: string,
  authorities: string | undefined,
  now: number,
): Finding {
  const step = 'hub certificate';
  const leaf = raw.length === 0 ? undefined : new X509Certificate(raw);
  const facts = leaf === undefined ? undefined : factsOf([leaf], authorizationError === '', authorizationError);
  if (leaf === undefined || facts === undefined) return problem(step, 'no-certificate', '');
  const shown = [['fingerprint', leaf.fingerprint256] as const, ...(certificateFacts(facts) ?? [])];
  const wrong = (finding: Finding): Finding => ({
    ...finding,
    facts: shown,
    cure: 'tell the operator of the hub, and do not talk to it meanwhile',
  });
  if (!(now >= facts.validFrom && now <= facts.validTo)) return wrong(problem(step, now > facts.validTo ? 'expired' : 'not-yet-valid', ''));
  if (authorities === undefined)
    return { step, state: 'unknown', said: `whether it is the right one is not known: give its authority with --ca`, facts: shown };
  if (authorizationError !== '') {
    const missing =
      missingIssuer([leaf], parseAnchors([authorities])) !== '' && reasonOfCode(authorizationError, 'server') === 'broken-chain';
    const reason = missing
      ? 'broken-chain'
      : reasonOfCode(authorizationError, 'server') === 'broken-chain'
        ? 'untrusted-authority'
        : reasonOfCode(authorizationError, 'server');
    return wrong(problem(step, reason, authorizationError));
  }
  const names = sipNames(facts);
  if (!names.includes(name.toLowerCase())) {
    const said = `it is for ${names.join(', ') || 'no SIP domain'}, not for ${name}`;
    return {
      step,
      state: 'problem',
      said,
      cure: 'give the SIP domain of the hub with --hub-name, and let your proxy expect it',
      facts: shown,
    };
  }
  return { step, state: 'good', said: `it is that of ${name}`, facts: shown };
}

function answerFinding({ answer, closed }: DialReport, showed: boolean): Finding {
  const step = 'OPTIONS';
  if (answer === undefined) {
    if (!showed) {
      const said = 'the hub closed the connection: no certificate was shown to it';
      return { step, state: 'problem', said, cure: 'give a certificate and its key that belong together' };
    }
    const said =
      closed === true ? 'the hub closed the connection without a word: it does not let this certificate in' : 'the hub did not answer';
    return { step, state: 'problem', said, cure: 'see what is wrong with the certificate, or ask the operator for guildhall refusals' };
  }
  if (answer.status < 300) return { step, state: 'good', said: `the hub answered ${answer.label}: this member is known and may talk` };
  const said = `the hub answered ${answer.label}${answer.reason === '' ? '' : `: ${answer.reason}`}`;
  return { step, state: 'problem', said, cure: 'the connection is good; the sentence tells what the hub lacks' };
}
