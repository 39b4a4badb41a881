import { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { ApiAccess } from './api-access.js';
import { hubDoor } from './api-refusal.js';
import { openGrpcClient } from './grpc-client.js';

/** The API of one hub as functions. Nothing is connected before the first call; `close` ends it. */
export function openHubApi(access: ApiAccess) {
  const { unary, streaming, close } = openGrpcClient(access, hubDoor);

  const [members, authority, accesses, admin] = [
    MembershipServiceService,
    AuthorityServiceService,
    AccessServiceService,
    AdminServiceService,
  ];
  return {
    address: access.address,
    membership: {
      listMembers: unary(members.listMembers),
      getMember: unary(members.getMember),
      putMember: unary(members.putMember),
      removeMember: unary(members.removeMember),
      setMemberStatus: unary(members.setMemberStatus),
      setMemberTrust: unary(members.setMemberTrust),
      listAgreements: unary(members.listAgreements),
      proposeAgreement: unary(members.proposeAgreement),
      acceptAgreement: unary(members.acceptAgreement),
      endAgreement: unary(members.endAgreement),
      listRules: unary(members.listRules),
      putRule: unary(members.putRule),
      removeRule: unary(members.removeRule),
      putCommunity: unary(members.putCommunity),
      listHistory: unary(members.listHistory),
      diffMembership: unary(members.diffMembership),
      rollBack: unary(members.rollBack),
      exportMembership: unary(members.exportMembership),
      importMembership: unary(members.importMembership),
      watchMembership: streaming(members.watchMembership),
    },
    authority: {
      invite: unary(authority.invite),
      listCertificates: unary(authority.listCertificates),
      revokeCertificate: unary(authority.revokeCertificate),
      registerCertificate: unary(authority.registerCertificate),
      getAuthority: unary(authority.getAuthority),
    },
    access: {
      createToken: unary(accesses.createToken),
      listTokens: unary(accesses.listTokens),
      revokeToken: unary(accesses.revokeToken),
      whoAmI: unary(accesses.whoAmI),
      listAudit: streaming(accesses.listAudit),
    },
    admin: {
      explain: unary(admin.explain),
      getMembership: unary(admin.getMembership),
      listTurnedAway: unary(admin.listTurnedAway),
      listPartners: unary(admin.listPartners),
      markMember: unary(admin.markMember),
      unmarkMember: unary(admin.unmarkMember),
      listMarks: unary(admin.listMarks),
    },
    close,
  };
}

/** The API of one hub, opened. */
export type HubApi = ReturnType<typeof openHubApi>;
