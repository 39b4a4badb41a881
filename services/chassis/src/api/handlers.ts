import type { Caller } from './caller.js';

/**
 * Answers one request. The shell has authenticated the caller and found its scope fit for the method; what a member may
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
