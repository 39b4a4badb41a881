import type { Server } from '@grpc/grpc-js';
import type { Calls } from '@guildhall/chassis/api/grpc-calls';
import { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { Guard } from './api-guard.js';
import type { ApiHandlers } from './api-handlers.js';
import { apiMethods } from './api-methods.js';

/** Names of the services, as clients write them. */
export const apiServiceNames: readonly string[] = Object.keys(apiMethods).map((name) => `guildhall.admin.v1.${name}`);

/** Puts the guard before every handler. The result is of the same shape: who calls it need not know. */
export function guardHandlers(handlers: ApiHandlers, { unary, streaming }: Guard): ApiHandlers {
  const { AdminService: admin, MembershipService: membership, AuthorityService: authority, AccessService: access } = handlers;
  const of = apiMethods;
  return {
    AdminService: {
      explain: unary('AdminService/Explain', of.AdminService.explain, admin.explain),
      getMembership: unary('AdminService/GetMembership', of.AdminService.getMembership, admin.getMembership),
      listTurnedAway: unary('AdminService/ListTurnedAway', of.AdminService.listTurnedAway, admin.listTurnedAway),
      listPartners: unary('AdminService/ListPartners', of.AdminService.listPartners, admin.listPartners),
      markMember: unary('AdminService/MarkMember', of.AdminService.markMember, admin.markMember),
      unmarkMember: unary('AdminService/UnmarkMember', of.AdminService.unmarkMember, admin.unmarkMember),
      listMarks: unary('AdminService/ListMarks', of.AdminService.listMarks, admin.listMarks),
    },
    MembershipService: {
      listMembers: unary('MembershipService/ListMembers', of.MembershipService.listMembers, membership.listMembers),
      getMember: unary('MembershipService/GetMember', of.MembershipService.getMember, membership.getMember),
      putMember: unary('MembershipService/PutMember', of.MembershipService.putMember, membership.putMember),
      removeMember: unary('MembershipService/RemoveMember', of.MembershipService.removeMember, membership.removeMember),
      setMemberStatus: unary('MembershipService/SetMemberStatus', of.MembershipService.setMemberStatus, membership.setMemberStatus),
      setMemberTrust: unary('MembershipService/SetMemberTrust', of.MembershipService.setMemberTrust, membership.setMemberTrust),
      listAgreements: unary('MembershipService/ListAgreements', of.MembershipService.listAgreements, membership.listAgreements),
      proposeAgreement: unary('MembershipService/ProposeAgreement', of.MembershipService.proposeAgreement, membership.proposeAgreement),
      acceptAgreement: unary('MembershipService/AcceptAgreement', of.MembershipService.acceptAgreement, membership.acceptAgreement),
      endAgreement: unary('MembershipService/EndAgreement', of.MembershipService.endAgreement, membership.endAgreement),
      listRules: unary('MembershipService/ListRules', of.MembershipService.listRules, membership.listRules),
      putRule: unary('MembershipService/PutRule', of.MembershipService.putRule, membership.putRule),
      removeRule: unary('MembershipService/RemoveRule', of.MembershipService.removeRule, membership.removeRule),
      putCommunity: unary('MembershipService/PutCommunity', of.MembershipService.putCommunity, membership.putCommunity),
      listHistory: unary('MembershipService/ListHistory', of.MembershipService.listHistory, membership.listHistory),
      diffMembership: unary('MembershipService/DiffMembership', of.MembershipService.diffMembership, membership.diffMembership),
      rollBack: unary('MembershipService/RollBack', of.MembershipService.rollBack, membership.rollBack),
      exportMembership: unary('MembershipService/ExportMembership', of.MembershipService.exportMembership, membership.exportMembership),
      importMembership: unary('MembershipService/ImportMembership', of.MembershipService.importMembership, membership.importMembership),
      watchMembership: streaming('MembershipService/WatchMembership', of.MembershipService.watchMembership, membership.watchMembership),
    },
    AuthorityService: {
      invite: unary('AuthorityService/Invite', of.AuthorityService.invite, authority.invite),
      enrol: unary('AuthorityService/Enrol', of.AuthorityService.enrol, authority.enrol),
      renew: unary('AuthorityService/Renew', of.AuthorityService.renew, authority.renew),
      listCertificates: unary('AuthorityService/ListCertificates', of.AuthorityService.listCertificates, authority.listCertificates),
      revokeCertificate: unary('AuthorityService/RevokeCertificate', of.AuthorityService.revokeCertificate, authority.revokeCertificate),
      registerCertificate: unary(
        'AuthorityService/RegisterCertificate',
        of.AuthorityService.registerCertificate,
        authority.registerCertificate,
      ),
      getAuthority: unary('AuthorityService/GetAuthority', of.AuthorityService.getAuthority, authority.getAuthority),
    },
    AccessService: {
      createToken: unary('AccessService/CreateToken', of.AccessService.createToken, access.createToken),
      listTokens: unary('AccessService/ListTokens', of.AccessService.listTokens, access.listTokens),
      revokeToken: unary('AccessService/RevokeToken', of.AccessService.revokeToken, access.revokeToken),
      whoAmI: unary('AccessService/WhoAmI', of.AccessService.whoAmI, access.whoAmI),
      listAudit: streaming('AccessService/ListAudit', of.AccessService.listAudit, access.listAudit),
    },
  };
}

/** Gives the server what answers its calls. */
export function addServices(server: Server, handlers: ApiHandlers, { unary, streaming }: Calls): void {
  const { AdminService: admin, MembershipService: membership, AuthorityService: authority, AccessService: access } = handlers;
  server.addService(AdminServiceService, {
    explain: unary('AdminService/Explain', admin.explain),
    getMembership: unary('AdminService/GetMembership', admin.getMembership),
    listTurnedAway: unary('AdminService/ListTurnedAway', admin.listTurnedAway),
    listPartners: unary('AdminService/ListPartners', admin.listPartners),
    markMember: unary('AdminService/MarkMember', admin.markMember),
    unmarkMember: unary('AdminService/UnmarkMember', admin.unmarkMember),
    listMarks: unary('AdminService/ListMarks', admin.listMarks),
  });
  server.addService(MembershipServiceService, {
    listMembers: unary('MembershipService/ListMembers', membership.listMembers),
    getMember: unary('MembershipService/GetMember', membership.getMember),
    putMember: unary('MembershipService/PutMember', membership.putMember),
    removeMember: unary('MembershipService/RemoveMember', membership.removeMember),
    setMemberStatus: unary('MembershipService/SetMemberStatus', membership.setMemberStatus),
    setMemberTrust: unary('MembershipService/SetMemberTrust', membership.setMemberTrust),
    listAgreements: unary('MembershipService/ListAgreements', membership.listAgreements),
    proposeAgreement: unary('MembershipService/ProposeAgreement', membership.proposeAgreement),
    acceptAgreement: unary('MembershipService/AcceptAgreement', membership.acceptAgreement),
    endAgreement: unary('MembershipService/EndAgreement', membership.endAgreement),
    listRules: unary('MembershipService/ListRules', membership.listRules),
    putRule: unary('MembershipService/PutRule', membership.putRule),
    removeRule: unary('MembershipService/RemoveRule', membership.removeRule),
    putCommunity: unary('MembershipService/PutCommunity', membership.putCommunity),
    listHistory: unary('MembershipService/ListHistory', membership.listHistory),
    diffMembership: unary('MembershipService/DiffMembership', membership.diffMembership),
    rollBack: unary('MembershipService/RollBack', membership.rollBack),
    exportMembership: unary('MembershipService/ExportMembership', membership.exportMembership),
    importMembership: unary('MembershipService/ImportMembership', membership.importMembership),
    watchMembership: streaming('MembershipService/WatchMembership', membership.watchMembership),
  });
  server.addService(AuthorityServiceService, {
    invite: unary('AuthorityService/Invite', authority.invite),
    enrol: unary('AuthorityService/Enrol', authority.enrol),
    renew: unary('AuthorityService/Renew', authority.renew),
    listCertificates: unary('AuthorityService/ListCertificates', authority.listCertificates),
    revokeCertificate: unary('AuthorityService/RevokeCertificate', authority.revokeCertificate),
    registerCertificate: unary('AuthorityService/RegisterCertificate', authority.registerCertificate),
    getAuthority: unary('AuthorityService/GetAuthority', authority.getAuthority),
  });
  server.addService(AccessServiceService, {
    createToken: unary('AccessService/CreateToken', access.createToken),
    listTokens: unary('AccessService/ListTokens', access.listTokens),
    revokeToken: unary('AccessService/RevokeToken', access.revokeToken),
    whoAmI: unary('AccessService/WhoAmI', access.whoAmI),
    listAudit: streaming('AccessService/ListAudit', access.listAudit),
  });
}
