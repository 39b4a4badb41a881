import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { ApiHandlers } from './api-handlers.js';

/** Handlers for tests of what stands around them: what is not given refuses with `unavailable`. */
export function standInHandlers(
  given: {
    readonly [Service in keyof ApiHandlers]?: Partial<ApiHandlers[Service]>;
  },
): ApiHandlers {
  const none = () => Promise.reject(new ApiFault('unavailable', 'A stand-in has no answer.'));
  const noStream = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: none }) });
  return {
    AdminService: {
      explain: none,
      getMembership: none,
      listTurnedAway: none,
      listPartners: none,
      markMember: none,
      unmarkMember: none,
      listMarks: none,
      ...given.AdminService,
    },
    MembershipService: {
      listMembers: none,
      getMember: none,
      putMember: none,
      removeMember: none,
      setMemberStatus: none,
      setMemberTrust: none,
      listAgreements: none,
      proposeAgreement: none,
      acceptAgreement: none,
      endAgreement: none,
      listRules: none,
      putRule: none,
      removeRule: none,
      putCommunity: none,
      listHistory: none,
      diffMembership: none,
      rollBack: none,
      exportMembership: none,
      importMembership: none,
      watchMembership: noStream,
      ...given.MembershipService,
    },
    AuthorityService: {
      invite: none,
      enrol: none,
      renew: none,
      listCertificates: none,
      revokeCertificate: none,
      registerCertificate: none,
      getAuthority: none,
      ...given.AuthorityService,
    },
    AccessService: {
      createToken: none,
      listTokens: none,
      revokeToken: none,
      whoAmI: none,
      listAudit: noStream,
      ...given.AccessService,
    },
  };
}
