import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import type { HubServices } from './hub.js';
import { defaultPatience } from './mailbox.js';

/** One event of a stream of Server-Sent Events, its fields put together as a browser does it. */
export interface ServerEvent {
  /** "message" where the server names none. */
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/** A stream of Server-Sent Events, read without a browser. */
export interface EventStream {
  readonly events: readonly ServerEvent[];
  /** Resolves as soon as what came fits. */
  until(what: string, fits: (events: readonly ServerEvent[]) => boolean, patience?: number): Promise<readonly ServerEvent[]>;
  /** Everything that came on the wire, as text. */
  raw(): string;
  close(): void;
}

/** An answer over HTTPS. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** What a dashboard asks with; default: the operator's token. */
export type HttpUser = { readonly token?: string };

/** GET of a path at the hub's console number `at`. */
export function getText(hub: HubServices, path: string, user: HttpUser = { token: hub.operatorToken() }, at = 0): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asking = ask(hub, path, user, at, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asking.once('error', reject);
  });
}

/** The same, its JSON read. Rejects unless the answer is 200. */
export async function getJson(hub: HubServices, path: string, user?: HttpUser, at?: number): Promise<unknown> {
  const { status, text } = await getText(hub, path, user, at);
  if (status !== 200) throw new Error(`${path} is answered ${status}: ${text.slice(0, 1000)}`);
  return JSON.parse(text);
}

/** Opens a stream of events at the hub's console number `at`. Rejects unless it is one. */
export function openEvents(hub: HubServices, path: string, user: HttpUser = { token: hub.operatorToken() }, at = 0): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const asking = ask(
      hub,
      path,
      user,
      at,
      (answer) => {
        const type = answer.headers['content-type'] ?? '';
        if (answer.statusCode === 200 && type.startsWith('text/event-stream')) resolve(follow(asking, answer));
        else {
          asking.destroy();
          reject(new Error(`${path} is no stream of events: ${answer.statusCode} ${type}`));
        }
      },
      'text/event-stream',
    );
    asking.once('error', reject);
  });
}

function ask(
  hub: HubServices,
  path: string,
  { token }: HttpUser,
  at: number,
  answered: (answer: IncomingMessage) => void,
  accept = 'application/json',
): ClientRequest {
  const [host = '', port = ''] = (hub.consoles[at]?.addresses['http'] ?? '').split(':');
  const options: RequestOptions = {
    host,
    port: Number(port),
    path,
    servername: hub.domain,
    ca: readFileSync(hub.authority.certFile),
    agent: false,
    headers: { host: hub.domain, accept, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  };
  const asking = request(options, answered);
  asking.end();
  return asking;
}

function follow(asking: ClientRequest, answer: IncomingMessage): EventStream {
  const events: ServerEvent[] = [];
  const watchers = new Set<() => void>();
  let whole = '';
  let rest = '';
  let over = '';
  const tell = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const end = (why: string) => {
    if (over === '') over = why;
    tell();
  };
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => {
    whole += chunk;
    const blocks = (rest + chunk).split(/\r\n\r\n|\n\n|\r\r/);
    rest = blocks.pop() ?? '';
    events.push(...blocks.flatMap(readEvent));
    tell();
  });
  answer.once('error', (error) => end(error.message));
  answer.once('end', () => end('it ended'));
  // The one that was told when it opened has no ears any more.
  asking.on('error', (error) => end(error.message));
  return {
    events,
    raw: () => whole,
    until(what, fits, patience = defaultPatience) {
      const failure = new Error();
      return new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer);
          watchers.delete(look);
        };
        const fail = (why: string) => {
          done();
          failure.message = `waited for ${what}: ${why}; ${events.length} events came, the last: ${events.at(-1)?.data.slice(0, 2000)}`;
          reject(failure);
        };
        const look = () => {
          if (fits(events)) {
            done();
            resolve(events);
          } else if (over !== '') fail(over);
        };
        const timer = setTimeout(() => fail(`not within ${patience} ms`), patience);
        watchers.add(look);
        look();
      });
    },
    close: () => asking.destroy(),
  };
}

/** The event of one block of lines; none where it has no data, such as a comment that keeps the connection alive. */
function readEvent(block: string): ServerEvent[] {
  let event = 'message';
  let id = '';
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === 'event') event = value;
    else if (name === 'id') id = value;
    else if (name === 'data') data.push(value);
  }
  return data.length === 0 ? [] : [{ event, id, data: data.join('\n') }];
}
