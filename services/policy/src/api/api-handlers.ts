import type { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import type { AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import type { MembershipServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { Caller } from './caller.js';

/**
 * Answers one request. The shell has authenticated and authorized the caller as the table of methods says; what a member may
 * see of an answer, and which half is its own, is the handler's. Throws an ApiFault to refuse. `signal`: the caller has gone.
 */
export type Unary<Request, Response> = (request: Request, caller: Caller, signal?: AbortSignal) => Promise<Response>;

/** Answers with a stream, until it returns or `signal` is aborted. */
export type Streaming<Request, Response> = (request: Request, caller: Caller, signal?: AbortSignal) => AsyncIterable<Response>;

interface Definition {
  readonly responseStream: boolean;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

type HandlerOf<Method extends Definition> = Method['responseStream'] extends true
  ? Streaming<ReturnType<Method['requestDeserialize']>, ReturnType<Method['responseDeserialize']>>
  : Unary<ReturnType<Method['requestDeserialize']>, ReturnType<Method['responseDeserialize']>>;

/** A plain object with one handler for each RPC of a generated service definition. */
export type HandlersOf<Service extends Record<keyof Service, Definition>> = {
  readonly [Name in keyof Service]: HandlerOf<Service[Name]>;
};

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
