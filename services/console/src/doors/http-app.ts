import type { Caller } from '@guildhall/chassis/api/caller';
import { type Authenticated, type Credentials, type NotLetIn, refusedNow } from '@guildhall/chassis/api/credentials';
import { needsCredentials } from '@guildhall/chassis/api/grpc-authentication';
import { lookEvery } from '@guildhall/chassis/api/grpc-calls';
import type { StreamPlaces } from '@guildhall/chassis/api/stream-places';
import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { hostPort, plainAddress } from '@guildhall/chassis/host-port';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import {
  crowded,
  type ErrorAnswer,
  ending,
  faultAnswer,
  noBody,
  noSuchPath,
  notLetInAnswer,
  onlyGet,
  ownError,
  stalled,
  tooLate,
} from './http-errors.js';
import { indexText } from './http-index.js';
import { type Route, schemaOf } from './http-routes.js';
import { halfOf, metricsScopes } from './metrics-handlers.js';
import { type Parameters, type QueryValues, readQuery } from './query-values.js';
import { type SseMessage, type SseStream, sseStream } from './sse-stream.js';

/** What the pages are made with. */
export interface HttpAppNeeds {
  readonly routes: readonly Route[];
  readonly origins: readonly string[];
  readonly queryTokens: boolean;
  /** ms. */
  readonly heartbeat: number;
  readonly stall: number;
  readonly answerTime: number;
  readonly places: StreamPlaces;
  /** Refuses members that are none. */
  knows(members: readonly string[]): Promise<void>;
  authenticate(credentials: Credentials): Promise<Authenticated>;
  certificateOf(peer: string): CertificateFacts | undefined;
  answered(name: string, code: string): void;
  turnedAway(path: string, source: string, why: string): void;
  failed(what: string, thrown: unknown): void;
}

/** The pages. */
export interface HttpApp {
  readonly fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response>;
  /** Ends every stream: the port is closing. */
  end(): void;
}

/** Whoever was let in, with what it showed. */
interface LetIn {
  readonly caller: Caller;
  readonly credentials: Credentials;
}

interface Env {
  Bindings: HttpBindings;
  Variables: LetIn;
}

const tokenParameter = 'access_token';

/** Answers GET and nothing else; everything but errors and the index is for known callers only. */
export function createHttpApp(needs: HttpAppNeeds): HttpApp {
  const { routes, failed } = needs;
  const open = new Set<SseStream>();
  const app = new Hono<Env>();
  const index = indexText(routes);

  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: 'DENY',
      referrerPolicy: 'no-referrer',
      // A page of a listed origin reads by CORS, which this does not concern.
      crossOriginResourcePolicy: 'same-origin',
    }),
  );
  app.use(async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
  });
  if (needs.origins.length > 0) {
    app.use(cors({ origin: [...needs.origins], allowMethods: ['GET'], allowHeaders: ['authorization', 'last-event-id'], maxAge: 600 }));
  }
  app.use(async (c, next) => {
    if (c.req.method !== 'GET') return told(c, onlyGet);
    const { incoming } = c.env;
    const brings = Number(incoming.headers['content-length'] ?? 0) > 0 || incoming.headers['transfer-encoding'] !== undefined;
    return brings ? told(c, noBody) : next();
  });
  app.get('/', (c) => {
    needs.answered('index', '200');
    return c.text(index);
  });
  app.use(letIn(needs));
  app.get('/v1/schema', (c) => {
    readQuery(new URL(c.req.url).searchParams, {});
    needs.answered('schema', '200');
    return c.json(schemaOf(routes));
  });
  for (const route of routes) {
    app.get(route.path.replace('{callId}', ':part{.+}'), (c) =>
      route.kind === 'answer' ? answer(c, route, needs) : stream(c, route, needs, open),
    );
  }
  app.notFound((c) => told(c, noSuchPath));
  app.onError((thrown, c) => {
    const fault = faultAnswer(thrown);
    if (fault === undefined) failed('answering at the HTTPS port', thrown);
    const how = fault ?? ownError;
    const name = routes.find(({ path }) => path === c.req.routePath)?.method ?? 'other';
    needs.answered(name, String(how.status));
    return told(c, how);
  });
  return {
    fetch: (request, bindings) => app.fetch(request, bindings),
    end() {
      for (const one of open) one.end(lastOf(ending));
    },
  };
}

/** Finds out who calls; nobody gets further. */
function letIn({ authenticate, certificateOf, queryTokens, turnedAway }: HttpAppNeeds): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { incoming } = c.env;
    const { remoteAddress = '', remotePort = 0 } = incoming.socket;
    const source = hostPort(plainAddress(remoteAddress), remotePort);
    const refuse = (why: NotLetIn): Response => {
      turnedAway(c.req.path, source, why.refused);
      return told(c, notLetInAnswer(why));
    };
    const inAddress = c.req.queries(tokenParameter) ?? [];
    if (inAddress.length > 0 && !queryTokens) {
      return refuse({ refused: 'A token in the address is not taken here.', cure: 'send it in the header, "Authorization: Bearer TOKEN"' });
    }
    const sent = incoming.headersDistinct['authorization'] ?? [];
    const credentials: Credentials = {
      authorization: [...sent, ...inAddress.map((token) => `Bearer ${token}`)],
      source,
      certificate: certificateOf(`${remoteAddress}:${remotePort}`),
    };
    const found = await authenticate(credentials);
    if ('refused' in found) return refuse(found);
    const { caller, hint } = found;
    if (!metricsScopes.includes(caller.scope)) {
      return refuse({ refused: hint === '' ? needsCredentials : `${needsCredentials} ${hint}` });
    }
    c.set('caller', caller);
    c.set('credentials', credentials);
    return next();
  };
}

/** Answers once, in time or not at all; who has gone is answered no more. */
async function answer(c: Context<Env>, route: Route & { kind: 'answer' }, needs: HttpAppNeeds): Promise<Response> {
  const values = valuesOf(c, route.parameters, needs);
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  c.env.outgoing.once('close', leave);
  let late: NodeJS.Timeout | undefined;
  const tooLong = new Promise<'late'>((resolve) => {
    late = setTimeout(() => resolve('late'), needs.answerTime);
  });
  try {
    const asked = route.ask(values, c.req.param('part') ?? '', c.get('caller'), gone.signal);
    const made = await Promise.race([asked, tooLong]);
    if (made === 'late') {
      asked.catch(() => undefined);
      needs.answered(route.method, String(tooLate.status));
      return told(c, tooLate);
    }
    needs.answered(route.method, '200');
    return c.body(JSON.stringify(made), 200, { 'content-type': 'application/json' });
  } finally {
    clearTimeout(late);
    c.env.outgoing.off('close', leave);
    gone.abort();
  }
}

/** Tells until the listener goes, is not let in any more, or does not read. */
async function stream(c: Context<Env>, route: Route & { kind: 'stream' }, needs: HttpAppNeeds, open: Set<SseStream>): Promise<Response> {
  const values = valuesOf(c, route.parameters, needs);
  const caller = c.get('caller');
  const credentials = c.get('credentials');
  const gone = new AbortController();
  const messages = route.listen(values, caller, gone.signal);
  // Once it has begun, the status is told.
  if (halfOf(caller) === undefined) await needs.knows(route.members(values));
  const leave = needs.places.enter(caller);
  if (leave === undefined) {
    needs.answered(route.method, String(crowded.status));
    return told(c, crowded);
  }
  let code = '200';
  const end = (how: ErrorAnswer): SseMessage => {
    code = String(how.status);
    return lastOf(how);
  };
  const made = sseStream(messages, {
    heartbeat: needs.heartbeat,
    stall: needs.stall,
    lastWords(thrown) {
      const fault = faultAnswer(thrown);
      if (fault === undefined) needs.failed(route.method, thrown);
      return end(fault ?? ownError);
    },
    stalled() {
      end(stalled);
      c.env.outgoing.destroy();
    },
    over() {
      clearInterval(looking);
      gone.abort();
      leave();
      open.delete(made);
      needs.answered(route.method, code);
    },
  });
  const look = async (): Promise<void> => {
    const refusal = refusedNow(caller, await needs.authenticate(credentials));
    if (refusal !== undefined) made.end(end(notLetInAnswer(refusal)));
  };
  const looking = setInterval(() => void look().catch((thrown: unknown) => needs.failed(route.method, thrown)), lookEvery).unref();
  open.add(made);
  return c.body(made.body, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
}

function valuesOf(c: Context<Env>, parameters: Parameters, { queryTokens }: HttpAppNeeds): QueryValues {
  const query = new URL(c.req.url).searchParams;
  if (queryTokens) query.delete(tokenParameter);
  return readQuery(query, parameters);
}

function told(c: Context, { status, body, headers }: ErrorAnswer): Response {
  return c.json(body, status, { ...headers });
}

/** The last words of a stream that ends by itself. */
function lastOf({ body }: ErrorAnswer): SseMessage {
  return { event: 'end', data: JSON.stringify(body) };
}
