import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { type Caller, whoIs } from '@guildhall/chassis/api/caller';
import { leafOf } from '@guildhall/chassis/authority/authority';
import type { OpenAuthority } from '@guildhall/chassis/authority/folder';
import { pemOf } from '@guildhall/chassis/authority/pem';
import { isRevocationReason, readRevocationLists, revocationReasons } from '@guildhall/chassis/authority/revocation-list';
import { plainSerialNumber, serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import type { Certificate } from '@guildhall/chassis/certificate';
import { parseAnchors } from '@guildhall/chassis/certificate';
import { quoted } from '@guildhall/proto/community/quoted';
import type { IssuedCertificate, RegisterCertificateRequest } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import type { AccessTokens } from '../api/access-tokens.js';
import type { AuthorityHandlers } from '../api/api-handlers.js';
import type { Entries } from '../decision/compile.js';
import type { Membership } from '../decision/membership.js';
import type { AuthorityEvents } from './authority-events.js';
import { type IssuedCertificates, isGood } from './issued-certificates.js';
import { applicantMember, describeCertificate, type IssueOrder, signCertificate } from './issuing.js';
import { foreignName } from './vetted-names.js';

/** What the AuthorityService works with. */
export interface AuthorityNeeds {
  membership(): Membership | undefined;
  entries(): Entries | undefined;
  readonly tokens: AccessTokens;
  readonly certificates: IssuedCertificates;
  /** Undefined: this instance has no authority's folder. */
  authority(): OpenAuthority | undefined;
  /** Brings the revocation list to what is on file. Rejects with a KeyValueError. */
  publish(): Promise<void>;
  readonly events: AuthorityEvents;
  /** ms since 1970. */
  wall(): number;
  /** How long a certificate lasts, and how many a member may have. */
  readonly terms: Pick<IssueOrder, 'days' | 'perMember'>;
  /** Where members enrol over HTTPS, or ''. */
  doorUrl(): string;
}

const week = 7 * 86_400_000;
const mostListed = 1000;
const mostNames = 100;

function signingOf(open: OpenAuthority | undefined) {
  if (open?.signing !== undefined) return open.signing;
  throw open === undefined
    ? new ApiFault(
        'precondition',
        'This hub has no certificate authority.',
        'make one with guildhall ca init and name its folder in authority.folder of policy',
      )
    : new ApiFault(
        'precondition',
        "The key of this hub's authority is kept elsewhere.",
        'where the key is: guildhall ca sign for certificates, guildhall ca crl --revoke SERIAL for revocation; then bring the result here',
      );
}

/** Handlers of the AuthorityService. Whoever may call what is the shell's matter; that a member sees and changes only its own is theirs. */
export function authorityHandlers(needs: AuthorityNeeds): AuthorityHandlers {
  const { certificates, tokens, events, wall } = needs;

  /** A refusal is told to the caller as it is, and to the log. */
  const noted = async <T>(what: 'enrol' | 'renew', caller: Caller, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      events.notIssued(what, caller.source, thrown instanceof ApiFault ? thrown.message : 'an error of our own');
      throw thrown;
    }
  };

  const file = async (certificate: IssuedCertificate): Promise<void> => {
    await certificates.add(certificate);
    const { serial, member, issuedBy: by, validUntil: until } = certificate;
    events.issued({ serial, member, by, until });
  };

  return {
    async invite(request, caller) {
      const signing = signingOf(needs.authority());
      const { membership, member } = applicantMember(needs.membership(), request.member);
      if (request.names.length > mostNames) throw new ApiFault('invalid', `An invitation has at most ${mostNames} names.`);
      const names = request.names.map((name) => name.toLowerCase());
      for (const name of names) {
        const why = foreignName(membership, member, name);
        if (why !== undefined) throw new ApiFault('invalid', `A certificate of ${member.id} cannot carry ${quoted(name)}: it ${why}.`);
      }
      const { token, secret } = await tokens.create({
        kind: 'enrolment',
        scope: `enrol:${member.id}`,
        note: request.why,
        createdBy: whoIs(caller),
        expiresMs: request.expiresMs === 0n ? week : Number(request.expiresMs),
        names,
        authoritySha256: signing.sha256,
      });
      return { tokenId: token.id, token: secret, expires: token.expires, authoritySha256: signing.sha256, url: needs.doorUrl() };
    },

    enrol: (request, caller) =>
      noted('enrol', caller, async () => {
        const signing = signingOf(needs.authority());
        const found = await tokens.find(request.token, 'enrolment');
        const applicant = {
          ...applicantMember(needs.membership(), found.member),
          invited: found.names,
          signingRequest: request.signingRequest,
        };
        const order = { ...needs.terms, now: wall(), by: `token ${found.token.id}` };
        const { chain, certificate } = await signCertificate(applicant, signing, certificates, order);
        // Everything that can refuse has been asked: only a token that is used up gets its certificate filed and told.
        await tokens.use(request.token, caller.source);
        await file(certificate);
        const { anchors, domain } = applicant.membership.community;
        return { chain, certificate, anchors: [...anchors], hubDomain: domain };
      }),

    renew: (request, caller) =>
      noted('renew', caller, async () => {
        const signing = signingOf(needs.authority());
        if (caller.scope !== 'member')
          throw new ApiFault('denied', 'Only a member renews, with the certificate it has.', 'enrol with a token');
        // An access token of the member's does not do: it is for the API and must not become a certificate.
        const shown = caller.certificate === undefined ? undefined : certificates.find(caller.certificate);
        if (shown === undefined || shown.member !== caller.member || !isGood(shown, wall())) {
          throw new ApiFault(
            'denied',
            'Renewing needs the certificate in use: one of this authority, of this member, in date and not revoked.',
            'enrol with a new token',
          );
        }
        const applicant = {
          ...applicantMember(needs.membership(), caller.member),
          // What it was invited with counts on, unless it has come to belong to somebody else.
          invited: shown.names,
          signingRequest: request.signingRequest,
        };
        const order = { ...needs.terms, now: wall(), by: `renewal of ${shown.serial}` };
        const { chain, certificate } = await signCertificate(applicant, signing, certificates, order);
        await file(certificate);
        return { chain, certificate };
      }),

    async listCertificates(request, caller) {
      const member = ownMember(request.member, caller);
      const now = wall();
      const before = request.endingWithinDays === 0 ? Number.POSITIVE_INFINITY : now + request.endingWithinDays * 86_400_000;
      const limit = Math.min(request.limit === 0 ? mostListed : request.limit, mostListed);
      const found = [...(member === '' ? certificates.all() : certificates.ofMember(member))]
        .filter(({ revoked }) => request.revokedToo || revoked === '')
        .filter(({ validUntil }) => Date.parse(validUntil) <= before && (request.endingWithinDays === 0 || Date.parse(validUntil) > now))
        .toSorted(byEnd);
      const last = request.after === '' ? undefined : certificates.get(plainSerialNumber(request.after));
      const rest = last === undefined ? found : found.filter((one) => byEnd(last, one) < 0);
      const page = rest.slice(0, limit);
      return { certificates: page, next: rest.length > limit ? (page.at(-1)?.serial ?? '') : '' };
    },

    async revokeCertificate(request, caller) {
      const chosen = chosenCertificates(request, caller, certificates);
      const reason = request.reason === '' ? 'unspecified' : request.reason;
      if (!isRevocationReason(reason)) {
        throw new ApiFault('invalid', `${quoted(reason)} is no reason.`, `write one of ${revocationReasons.join(', ')}`);
      }
      const signing = signingOf(needs.authority());
      const foreign = chosen.find(({ authority }) => authority !== signing.id);
      if (foreign !== undefined) {
        throw new ApiFault(
          'precondition',
          `The certificate ${foreign.serial} is of another authority, ${foreign.authority}.`,
          'revoke it there',
        );
      }
      const when = new Date(wall()).toISOString();
      if (request.dryRun) return { revoked: chosen.map((one) => ({ ...one, revoked: when, revocationReason: reason })) };
      const revoked: IssuedCertificate[] = [];
      for (const { serial } of chosen) {
        const one = await certificates.revoke(serial, reason, when);
        events.revoked({ serial, member: one.member, by: whoIs(caller), until: one.validUntil }, reason);
        revoked.push(one);
      }
      try {
        await needs.publish();
      } catch (thrown) {
        throw new ApiFault(
          'unavailable',
          'It is filed as revoked, but the list could not be published.',
          'nothing: it is published once NATS can be reached',
          thrown,
        );
      }
      return { revoked };
    },

    async registerCertificate(request, caller) {
      const { leaf, authority } = registrable(request, needs);
      const { membership, member } = applicantMember(needs.membership(), request.member);
      const pem = pemOf('CERTIFICATE', leaf.raw);
      const certificate = describeCertificate(leaf, pem, { member: member.id, by: `by hand: ${whoIs(caller)}`, issued: wall(), authority });
      for (const name of certificate.names) {
        const why = foreignName(membership, member, name);
        if (why !== undefined)
          throw new ApiFault('invalid', `The certificate carries ${quoted(name)}: it ${why}.`, 'revoke it, and sign another');
      }
      await certificates.add(certificate);
      const { serial, issuedBy: by, validUntil: until } = certificate;
      events.registered({ serial, member: member.id, by, until });
      return { certificate };
    },

    async getAuthority() {
      const open = needs.authority();
      const known = needs.entries()?.authorities ?? [];
      const entry = known.find(({ id }) => id === open?.certificate.id) ?? (open === undefined ? known[0] : undefined);
      return {
        certificate: entry?.certificate ?? open?.certificate.pem ?? '',
        revocationList: entry?.revocationList ?? '',
        revocationListUntil: listUntil(entry?.revocationList ?? ''),
        issues: open?.signing !== undefined,
      };
    },
  };
}

function byEnd(one: IssuedCertificate, other: IssuedCertificate): number {
  if (one.validUntil !== other.validUntil) return one.validUntil < other.validUntil ? -1 : 1;
  return one.serial < other.serial ? -1 : one.serial > other.serial ? 1 : 0;
}

/** Whose certificates are asked for: a member's are its own, whatever it asks. */
function ownMember(asked: string, { scope, member }: Caller): string {
  if (scope !== 'member') return asked;
  if (asked !== '' && asked !== member) throw new ApiFault('denied', 'A member sees its own certificates only.');
  return member;
}

function chosenCertificates(
  { serial, member }: { readonly serial: string; readonly member: string },
  caller: Caller,
  certificates: IssuedCertificates,
): readonly IssuedCertificate[] {
  if ((serial === '') === (member === '')) throw new ApiFault('invalid', 'Name either a serial number or a member.');
  if (serial === '') {
    const good = certificates.ofMember(ownMember(member, caller)).filter(({ revoked }) => revoked === '');
    if (good.length === 0)
      throw new ApiFault('not-found', `There is no certificate of ${quoted(member)} to revoke.`, 'see guildhall certificate list');
    return good;
  }
  const found = certificates.get(plainSerialNumber(serial.replaceAll(':', '')));
  // Somebody else's is told like none at all.
  if (found === undefined || (caller.scope === 'member' && found.member !== caller.member)) {
    throw new ApiFault('not-found', `There is no certificate with the serial number ${quoted(serial)}.`, 'see guildhall certificate list');
  }
  return [found];
}

/** The certificate to register and the id of the authority of this hub that signed it. */
function registrable({ certificate }: RegisterCertificateRequest, needs: AuthorityNeeds): { leaf: Certificate; authority: string } {
  let leaf: Certificate;
  try {
    leaf = leafOf(certificate);
    serialNumberOf(leaf);
  } catch (cause) {
    throw new ApiFault('invalid', 'There is no certificate that can be read in the text.', 'send PEM', cause);
  }
  const open = needs.authority()?.certificate;
  const known = [...(open === undefined ? [] : [{ id: open.id, certificate: open.pem }]), ...(needs.entries()?.authorities ?? [])];
  const authority = known.find((one) =>
    parseAnchors([one.certificate]).some((anchor) => leaf.checkIssued(anchor) && leaf.verify(anchor.publicKey)),
  );
  if (authority === undefined)
    throw new ApiFault(
      'invalid',
      "The certificate was not signed by this hub's authority.",
      'give it to the member as its own trust instead',
    );
  if (leaf.ca) throw new ApiFault('invalid', 'The certificate is that of an authority.', "register members' certificates only");
  return { leaf, authority: authority.id };
}

function listUntil(pem: string): string {
  try {
    const [list] = pem === '' ? [] : readRevocationLists(pem);
    return list === undefined || !Number.isFinite(list.nextUpdate) ? '' : new Date(list.nextUpdate).toISOString();
  } catch {
    return '';
  }
}
