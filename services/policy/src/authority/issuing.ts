import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { type Authority, clockMargin, leafOf } from '@guildhall/chassis/authority/authority';
import { grantNames } from '@guildhall/chassis/authority/granted-names';
import { serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import { readSigningRequest, type SigningRequest } from '@guildhall/chassis/authority/signing-request';
import { type Certificate, factsOf, sipNames, spkiSha256 } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import type { IssuedCertificate } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import type { Member, Membership } from '../decision/membership.js';
import type { IssuedCertificates } from './issued-certificates.js';
import { vettedNames } from './vetted-names.js';

/** Who is to get a certificate, for what. */
export interface Applicant {
  readonly membership: Membership;
  readonly member: Member;
  /** Names besides those that the membership knows of. */
  readonly invited: readonly string[];
  /** PEM. */
  readonly signingRequest: string;
}

/** A certificate that is signed but not yet filed: it must not leave the hub before it is. */
export interface Signed {
  /** PEM: the certificate, then the authority's. */
  readonly chain: string;
  readonly certificate: IssuedCertificate;
}

const day = 86_400_000;

/** The member a certificate is for. Throws an ApiFault where there is none or it is shut out. */
export function applicantMember(membership: Membership | undefined, id: string): { membership: Membership; member: Member } {
  if (membership === undefined) throw new ApiFault('unavailable', 'The hub has no membership yet.', 'see /readyz of policy for why');
  const member = membership.members.get(id);
  if (member === undefined) throw new ApiFault('not-found', `There is no member ${id}.`, 'an operator adds it first (member add)');
  if (member.status === 'suspended' || member.status === 'quarantined') {
    const why = member.statusReason === '' ? '' : ` (${member.statusReason})`;
    const until = member.statusUntil === '' ? '' : ` until ${member.statusUntil}`;
    throw new ApiFault('denied', `Member ${id} is ${member.status}${until}${why} and gets no certificate.`, 'ask the operator of the hub');
  }
  return { membership, member };
}

/** Reads a request. Throws an ApiFault `invalid` with what is wrong with it. */
async function readRequest(pem: string): Promise<SigningRequest> {
  try {
    return await readSigningRequest(pem);
  } catch (thrown) {
    if (thrown instanceof Fault) throw new ApiFault('invalid', thrown.message, thrown.cure, thrown);
    throw thrown;
  }
}

/** One key is for one member, and a key that got into wrong hands is for nobody. */
function refuseKey(request: SigningRequest, member: Member, signing: Authority, certificates: IssuedCertificates): void {
  const cure = 'make a new key';
  if (request.spkiSha256 === spkiSha256(signing.certificate)) throw new ApiFault('invalid', "The key is the authority's own.", cure);
  for (const known of certificates.withKey(request.spkiSha256)) {
    if (known.member !== member.id) throw new ApiFault('invalid', 'The key is in use by another member.', cure);
    if (known.revocationReason === 'keyCompromise') throw new ApiFault('invalid', 'The key was revoked as compromised.', cure);
  }
}

/** How a certificate is issued. */
export interface IssueOrder {
  readonly days: number;
  /** ms since 1970. */
  readonly now: number;
  /** What stands behind it, such as "token x". */
  readonly by: string;
  /** So many certificates that have not ended a member may have. */
  readonly perMember: number;
}

function refuseTooMany({ id }: Member, certificates: IssuedCertificates, now: number, perMember: number): void {
  const lasting = certificates.ofMember(id).filter(({ validUntil }) => !(Date.parse(validUntil) < now)).length;
  if (lasting < perMember) return;
  throw new ApiFault(
    'limit',
    `Member ${id} has ${lasting} certificates that have not ended already.`,
    'use those; or an operator raises authority.perMember of policy',
  );
}

/** Checks a request against its member and signs the certificate. Throws an ApiFault. */
export async function signCertificate(
  applicant: Applicant,
  signing: Authority,
  certificates: IssuedCertificates,
  { days, now, by, perMember }: IssueOrder,
): Promise<Signed> {
  const { membership, member } = applicant;
  if (signing.validTo <= now)
    throw new ApiFault('precondition', 'The authority of this hub has ended.', 'make another with guildhall ca init');
  refuseTooMany(member, certificates, now, perMember);
  const request = await readRequest(applicant.signingRequest);
  refuseKey(request, member, signing, certificates);
  const granted = grantNames(request, vettedNames(membership, member, applicant.invited));
  if ('refused' in granted) throw new ApiFault('invalid', granted.refused, granted.cure);
  const pem = await signing.issue({
    ...granted,
    spki: request.spki,
    commonName: commonNameFor(member, granted.sipDomains),
    from: now - clockMargin,
    until: now + days * day,
  });
  const certificate = describeCertificate(leafOf(pem), pem, { member: member.id, by, issued: now, authority: signing.id });
  return { chain: `${pem}${signing.pem}`, certificate };
}

/** A common name has at most 64 characters (RFC 5280 A.1). */
function commonNameFor(member: Member, domains: readonly string[]): string {
  return domains.find((domain) => domain.length <= 64) ?? member.id;
}

/** A certificate as the registry and the API tell it. `issued` is ms since 1970. */
export function describeCertificate(
  leaf: Certificate,
  pem: string,
  about: { readonly member: string; readonly by: string; readonly issued: number; readonly authority: string },
): IssuedCertificate {
  const facts = factsOf([leaf], true, '');
  return {
    serial: serialNumberOf(leaf),
    member: about.member,
    names: facts === undefined ? [] : [...sipNames(facts)],
    validFrom: new Date(leaf.validFrom).toISOString(),
    validUntil: new Date(leaf.validTo).toISOString(),
    spki: spkiSha256(leaf),
    fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    revoked: '',
    revocationReason: '',
    issuedBy: about.by,
    issued: new Date(about.issued).toISOString(),
    certificate: pem,
    authority: about.authority,
  };
}
