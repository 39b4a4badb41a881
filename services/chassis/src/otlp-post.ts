import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildVersion } from './build.js';
import { monotonic } from './clock.js';
import type { OtlpDoor } from './otlp-door.js';

/** What became of one try. */
type Tried = { readonly kind: 'taken' } | { readonly kind: 'refused'; readonly why: string; readonly again: Again };

/** Whether it is worth another try: `stale`: at once, it was only the connection kept from before; ms: after so much, 0 for as usual. */
type Again = 'never' | 'stale' | number;

/** Statuses that a collector answers when it may take the same later (OTLP/HTTP). */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** What a connection fails with that may be better soon. */
const unreachable: ReadonlySet<string> = new Set(
  'ECONNRESET ECONNREFUSED EPIPE ETIMEDOUT EAI_AGAIN ENOTFOUND ENETUNREACH EHOSTUNREACH'.split(' '),
);
/** Before the second try, ms; each further one waits half as long again. */
const firstWait = 1_000;

/**
 * Posts OTLP messages, protocol buffers, over one kept connection. Resolves when the collector took one, also in part; rejects when it did not within the
 * door's time-out, tries again included.
 */
export function createOtlpPost({ url, headers, timeoutMillis, httpAgentOptions }: OtlpDoor): (body: Uint8Array) => Promise<void> {
  const isSecure = url.startsWith('https:');
  const agent = isSecure ? new HttpsAgent(httpAgentOptions) : new HttpAgent(httpAgentOptions);
  const ask = isSecure ? httpsRequest : httpRequest;

  return async (body) => {
    const until = monotonic() + timeoutMillis;
    const given = { ...(await headers()), 'Content-Type': 'application/x-protobuf', 'User-Agent': `guildhall/${buildVersion()}` };
    const late = `it did not answer within ${timeoutMillis} ms`;
    let usual = firstWait;
    for (;;) {
      const left = Math.max(1, until - monotonic());
      const tried = await post(ask, url, { method: 'POST', agent, headers: { ...given, 'Content-Length': body.length } }, body, left, late);
      if (tried.kind === 'taken') return;
      const { again, why } = tried;
      const wait = again === 'stale' ? 0 : again === 0 ? usual * (0.8 + 0.4 * Math.random()) : again;
      if (wait === 'never' || monotonic() + wait >= until) throw new Error(why);
      if (wait > 0) await sleep(wait, undefined, { ref: false });
      usual *= 1.5;
    }
  };
}

function post(
  ask: (url: string, options: RequestOptions, heard: (response: IncomingMessage) => void) => ClientRequest,
  url: string,
  options: RequestOptions,
  body: Uint8Array,
  left: number,
  late: string,
): Promise<Tried> {
  return new Promise((resolve) => {
    const request = ask(url, options, (response) => {
      const status = response.statusCode ?? 0;
      // What it says of spans it did not want is nothing that could be mended here.
      response.resume();
      response.once('end', () => {
        if (status >= 200 && status < 300) settle({ kind: 'taken' });
        else settle({ kind: 'refused', why: `it answered ${status}`, again: passing.has(status) ? retryAfter(response) : 'never' });
      });
      response.once('error', (error) => settle({ kind: 'refused', why: error.message, again: 'never' }));
    });
    const timer = setTimeout(() => {
      settle({ kind: 'refused', why: late, again: 'never' });
      request.destroy();
    }, left);
    timer.unref();
    const settle = (tried: Tried): void => {
      clearTimeout(timer);
      resolve(tried);
    };
    request.once('error', (error) => settle({ kind: 'refused', why: error.message, again: afterFault(error, request.reusedSocket) }));
    request.end(body);
  });
}

function afterFault(error: Error, reused: boolean): Again {
  const code = 'code' in error ? String(error.code) : '';
  if (!unreachable.has(code)) return 'never';
  return reused && (code === 'ECONNRESET' || code === 'EPIPE') ? 'stale' : 0;
}

/** ms; 0 where it does not say. Whole seconds only (RFC 9110 10.2.3): after a part of one it would be asked without a pause. */
function retryAfter({ headers }: IncomingMessage): number {
  const told = headers['retry-after'] ?? '';
  return /^\d+$/.test(told) ? Number(told) * 1000 : 0;
}
