import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { hostPort } from './host-port.js';
import { listenFault } from './listen-fault.js';

/** What the admin port shows. */
export interface AdminPages {
  /** False: the process should be restarted. Default: always true, since an answer proves that the loop turns. */
  live?: () => boolean;
  /** Whether it can do its work, and why not, one short sentence each. */
  ready: () => { ok: boolean; reasons: readonly string[] };
  /** The meters in Prometheus text format. */
  metrics: () => Promise<string>;
}

/** An admin port that listens. */
export interface AdminServer {
  /** "host:port" as bound. */
  address: string;
  close(): Promise<void>;
}

/**
 * Serves GET and HEAD of /livez, /readyz (JSON: {"ok":..,"reasons":[..]}, 503 when not) and /metrics.
 * Throws a Fault (`port-taken`, `address-unavailable`, ...) when it cannot listen.
 */
export async function startAdminServer(at: { host: string; port: number }, pages: AdminPages): Promise<AdminServer> {
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 5000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, response, pages).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    },
  );
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) => reject(listenFault(thrown, 'the admin port', at, 'admin.host and admin.port')));
    server.listen(at.port, at.host, resolve);
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : at.port;
  return {
    address: hostPort(at.host, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: AdminPages): Promise<void> {
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'only GET\n', { allow: 'GET, HEAD' });
    return;
  }
  const [path] = (request.url ?? '').split('?', 1);
  switch (path) {
    case '/livez': {
      const ok = pages.live?.() ?? true;
      send(response, ok ? 200 : 503, 'application/json', `${JSON.stringify({ ok })}\n`);
      return;
    }
    case '/readyz': {
      const { ok, reasons } = pages.ready();
      send(response, ok ? 200 : 503, 'application/json', `${JSON.stringify({ ok, reasons })}\n`);
      return;
    }
    case '/metrics':
      send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await pages.metrics());
      return;
    default:
      send(response, 404, 'text/plain', 'there are /livez, /readyz and /metrics\n');
  }
}

function send(response: ServerResponse, status: number, type: string, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}
