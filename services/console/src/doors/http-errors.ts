import { ApiFault, type ApiFaultCode } from '@guildhall/chassis/api/api-fault';
import type { NotLetIn } from '@guildhall/chassis/api/credentials';

/** What is told of a refusal, as JSON. */
export interface ErrorBody {
  /** A code of ApiFault, or `unauthenticated`, `method` or `internal`. */
  readonly code: string;
  readonly message: string;
  readonly cure: string;
}

/** A refusal as HTTP tells it. */
export interface ErrorAnswer {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 429 | 500 | 503;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;
}

const statuses: Readonly<Record<ApiFaultCode, ErrorAnswer['status']>> = {
  invalid: 400,
  denied: 403,
  'not-found': 404,
  exists: 409,
  conflict: 409,
  precondition: 409,
  limit: 429,
  unavailable: 503,
};

const later: Readonly<Record<string, string>> = { 'retry-after': '2' };
const none: Readonly<Record<string, string>> = {};

function answer(status: ErrorAnswer['status'], code: string, message: string, cure: string): ErrorAnswer {
  const isLater = status === 429 || status === 503;
  const headers = status === 401 ? { 'www-authenticate': 'Bearer realm="guildhall"' } : isLater ? later : none;
  return { status, body: { code, message, cure }, headers };
}

/** A handler's refusal. Undefined: it is none, but an error of our own. */
export function faultAnswer(thrown: unknown): ErrorAnswer | undefined {
  return thrown instanceof ApiFault ? answer(statuses[thrown.code], thrown.code, thrown.message, thrown.cure) : undefined;
}

/** How somebody comes to be let in. */
export const tokenCure =
  'an operator makes a token with guildhall token create --scope dashboard --out dashboard.token; send it as "Authorization: Bearer TOKEN"';

/** Somebody was not let in. */
export function notLetInAnswer({ refused, cure, because = 'credentials' }: NotLetIn): ErrorAnswer {
  if (because === 'credentials') return answer(401, 'unauthenticated', refused, cure ?? tokenCure);
  return answer(statuses[because], because, refused, cure ?? '');
}

/** There is no such address. */
export const noSuchPath = answer(404, 'not-found', 'There is nothing at this address.', 'see /v1/schema');

/** Only reading is possible. */
export const onlyGet: ErrorAnswer = { ...answer(405, 'method', 'Only GET is possible here.', 'send GET'), headers: { allow: 'GET' } };

/** A request that brings something along. */
export const noBody: ErrorAnswer = {
  ...answer(400, 'invalid', 'A request brings no body along.', 'put parameters into the address'),
  headers: { connection: 'close' },
};

/** An error of our own: what it was only the log is told. */
export const ownError = answer(500, 'internal', 'The hub could not make an answer; its log says why.', '');

/** What did not end in time. */
export const tooLate = answer(503, 'unavailable', 'The hub did not finish in time.', 'ask for less, or again');

/** The port closes. */
export const ending = answer(503, 'unavailable', 'This instance of the hub is ending.', 'ask again, another will answer');

/** Nobody reads what a stream tells. */
export const stalled = answer(429, 'limit', 'Nothing was read for too long.', 'read faster, or ask for less');

/** There is no place for another stream. */
export const crowded = answer(429, 'limit', 'Too many streams are open already.', 'close some, or ask again later');
