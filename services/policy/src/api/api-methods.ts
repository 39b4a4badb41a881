import type { Scope } from '@guildhall/chassis/api/caller';
import type { ChangeOrder, ChangeReport } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { ApiMethods } from './api-method.js';

interface Ordered {
  readonly order?: ChangeOrder | undefined;
}

interface Reported {
  readonly report?: ChangeReport | undefined;
}

/** A change of the membership: its order and its report say the rest. */
function change<Request extends Ordered, Response extends Reported>(subject: (request: Request) => string) {
  return {
    subject,
    why: (request: Request) => request.order?.why ?? '',
    dryRun: (request: Request) => request.order?.dryRun === true,
    version: (response: Response) => response.report?.version ?? 0n,
  };
}

const operator: readonly ['operator'] = ['operator'];
const lookers: readonly ['operator', 'dashboard'] = ['operator', 'dashboard'];
const known: readonly Scope[] = ['operator', 'member', 'dashboard'];
const operatorAndMember: readonly Scope[] = ['operator', 'member'];
const everybody: readonly Scope[] = ['operator', 'member', 'dashboard', 'nobody'];
const nothing = () => '';
const pair = (one: string, other: string) => `agreement.${one < other ? `${one}.${other}` : `${other}.${one}`}`;

/** Who may call what: least privilege, and what stands not here is refused. */
export const apiMethods: ApiMethods = {
  AdminService: {
    // Its answer is told to a member only where the member is one of the two.
    explain: { who: known, own: nothing },
    getMembership: { who: lookers },
    listTurnedAway: { who: known, own: ({ member }) => member },
    listPartners: { who: lookers },
    markMember: { who: operator, change: { subject: ({ member }) => `marks of member.${member}`, why: ({ why }) => why } },
    unmarkMember: { who: operator, change: { subject: ({ member }) => `marks of member.${member}`, why: ({ why }) => why } },
    listMarks: { who: operator },
  },
  MembershipService: {
    // A member is told of itself and its agreements, and of nobody else.
    listMembers: { who: known, own: nothing },
    getMember: { who: known, own: ({ id }) => id },
    putMember: { who: operator, change: change(({ member }) => `member.${member?.id ?? ''}`) },
    removeMember: { who: operator, change: change(({ id }) => `member.${id}`) },
    setMemberStatus: { who: operator, change: change(({ id }) => `member.${id}`) },
    setMemberTrust: { who: operatorAndMember, own: ({ id }) => id, change: change(({ id }) => `member.${id}`) },
    listAgreements: { who: known, own: ({ member }) => member },
    proposeAgreement: { who: operatorAndMember, own: ({ from }) => from, change: change(({ from, to }) => pair(from, to)) },
    acceptAgreement: {
      who: operatorAndMember,
      own: ({ member }) => member,
      change: change(({ member, partner }) => pair(member, partner)),
    },
    endAgreement: { who: operatorAndMember, own: ({ member }) => member, change: change(({ member, partner }) => pair(member, partner)) },
    listRules: { who: lookers },
    putRule: { who: operator, change: change(({ rule }) => `rule.${rule?.id ?? ''}`) },
    removeRule: { who: operator, change: change(({ id }) => `rule.${id}`) },
    putCommunity: { who: operator, change: change(() => 'community') },
    listHistory: { who: known, own: nothing },
    diffMembership: { who: lookers },
    rollBack: { who: operator, change: change(({ version }) => `membership to version ${version}`) },
    exportMembership: { who: operator },
    importMembership: { who: operator, change: change(() => 'membership') },
    watchMembership: { who: known, own: nothing },
  },
  AuthorityService: {
    invite: { who: operator, change: { subject: ({ member }) => `member.${member}`, why: ({ why }) => why } },
    // Whoever holds a token; the token says for which member.
    enrol: {
      who: everybody,
      own: nothing,
      change: { subject: () => 'certificate', why: nothing, enrolmentToken: ({ token }) => token },
    },
    renew: { who: ['member'], own: nothing, change: { subject: () => 'certificate', why: nothing } },
    listCertificates: { who: known, own: ({ member }) => member },
    revokeCertificate: {
      who: operatorAndMember,
      own: ({ member }) => member,
      change: {
        subject: ({ serial, member }) => (serial === '' ? `certificates of ${member}` : `certificate ${serial}`),
        why: ({ why, reason }) => (why === '' ? reason : why),
        dryRun: ({ dryRun }) => dryRun,
      },
    },
    registerCertificate: { who: operator, change: { subject: ({ member }) => `certificate of ${member}`, why: ({ why }) => why } },
    getAuthority: { who: everybody, own: nothing },
  },
  AccessService: {
    createToken: {
      who: operator,
      change: { subject: ({ scope }) => `token with scope ${scope}`, why: ({ note }) => note },
    },
    listTokens: { who: operator },
    revokeToken: { who: operator, change: { subject: ({ id }) => `token ${id}`, why: ({ why }) => why } },
    whoAmI: { who: known, own: nothing },
    listAudit: { who: operator },
  },
};

/** "/guildhall.admin.v1.AccessService/WhoAmI" of a service and a handler's name. */
function methodPath(service: string, name: string): string {
  return `/guildhall.admin.v1.${service}/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Scopes by path of a method; a path that is missing is for nobody. */
export function scopesByPath(methods: ApiMethods = apiMethods): ReadonlyMap<string, readonly Scope[]> {
  const found = new Map<string, readonly Scope[]>();
  for (const [service, ofService] of Object.entries(methods)) {
    for (const [name, { who }] of Object.entries(ofService)) found.set(methodPath(service, name), who);
  }
  return found;
}
