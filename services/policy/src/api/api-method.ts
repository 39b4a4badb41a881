import type { Scope } from '@guildhall/chassis/api/caller';
import type { Streaming, Unary } from '@guildhall/chassis/api/handlers';
import type { ApiHandlers } from './api-handlers.js';

/** What the audit log says of a call that changes something. */
export interface ChangeFacts<Request, Response> {
  /** What it is done to: "member.acme", "token x3k9". */
  subject(request: Request): string;
  why(request: Request): string;
  /** Nothing is written: then nothing is audited, but that it was refused. */
  dryRun?(request: Request): boolean;
  /** Version of the membership afterwards, of a change that makes one. */
  version?(response: Response): bigint;
  /** The enrolment token in a request of a caller without other credentials. */
  enrolmentToken?(request: Request): string;
}

/** Who may call a method, and what is audited of it. */
export type MethodAccess<Request, Response> = {
  /** It changes something; left out: it only tells. */
  readonly change?: ChangeFacts<Request, Response>;
} & (
  | { readonly who: readonly Exclude<Scope, 'member'>[]; readonly own?: undefined }
  | {
      readonly who: readonly Scope[];
      /** Id of the member whose half a request is about: a member may name no other. '' where it names none; then its handler keeps to the caller's own. */
      readonly own: (request: Request) => string;
    }
);

/** One entry for each handler; a method without an entry does not compile. */
export type ApiMethods = {
  readonly [Service in keyof ApiHandlers]: {
    readonly [Method in keyof ApiHandlers[Service]]: ApiHandlers[Service][Method] extends Unary<infer Request, infer Response>
      ? MethodAccess<Request, Response>
      : ApiHandlers[Service][Method] extends Streaming<infer Request, infer Response>
        ? MethodAccess<Request, Response>
        : never;
  };
};
