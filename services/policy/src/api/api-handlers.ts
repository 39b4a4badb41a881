import type { HandlersOf } from '@guildhall/chassis/api/handlers';
import type { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import type { AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import type { MembershipServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';

/** Handlers of guildhall.admin.v1.AdminService. */
export type AdminHandlers = HandlersOf<AdminServiceService>;
/** Handlers of guildhall.admin.v1.MembershipService. */
export type MembershipHandlers = HandlersOf<MembershipServiceService>;
/** Handlers of guildhall.admin.v1.AuthorityService. */
export type AuthorityHandlers = HandlersOf<AuthorityServiceService>;
/** Handlers of guildhall.admin.v1.AccessService. */
export type AccessHandlers = HandlersOf<AccessServiceService>;

/** Every handler of the API, by service. */
export interface ApiHandlers {
  readonly AdminService: AdminHandlers;
  readonly MembershipService: MembershipHandlers;
  readonly AuthorityService: AuthorityHandlers;
  readonly AccessService: AccessHandlers;
}
