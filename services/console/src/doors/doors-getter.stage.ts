import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as requestPlain } from 'node:http';
import { Agent, request as requestTls } from 'node:https';
import type { Shown } from '@guildhall/chassis/api/api-port.stage';

/** What was answered. */
export interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as JSON, where it is. */
  json(): unknown;
}

/** One event of a stream. */
export interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** How a request is made besides its path. */
export interface Asking {
  readonly token?: string;
  readonly shown?: Shown;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** A stream that is being heard. */
export interface Hearing {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The next event; undefined: it is over. Comments are left out. */
  next(): Promise<HeardEvent | undefined>;
  /** Reads nothing any more, and on. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** A client of the HTTPS port in a few lines of Node; `ca` absent: in the clear. */
export function openGetter(address: string, ca?: string) {
  const agents: Agent[] = [];
  const [host = '', port = ''] = address.split(':');
  const send = (path: string, { token, shown, method = 'GET', headers = {}, body }: Asking): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const common = { host, port, path, method, headers: { ...authorization, ...headers } };
      if (ca === undefined) {
        requestPlain(common, resolve).on('error', reject).end(body);
        return;
      }
      const own = shown === undefined ? {} : { cert: shown.certificate, key: shown.key };
      const agent = new Agent({ ca, servername: 'hub.example', ...own });
      agents.push(agent);
      requestTls({ ...common, agent }, resolve)
        .on('error', reject)
        .end(body);
    });
  return {
    async get(path: string, asking: Asking = {}): Promise<Got> {
      const response = await send(path, asking);
      const text = await new Promise<string>((resolve, reject) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', reject);
      });
      return { status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) };
    },
    /** The response itself, for what the others do not show. */
    raw: (path: string, asking: Asking = {}) => send(path, asking),
    async hear(path: string, asking: Asking = {}): Promise<Hearing> {
      const response = await send(path, asking);
      const events = eventsOf(response);
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        next: events.next,
        pause: () => void response.pause(),
        resume: () => void response.resume(),
        close: () => void response.destroy(),
      };
    },
    close() {
      for (const agent of agents.splice(0)) agent.destroy();
    },
  };
}

/** Reads a stream as browsers do (HTML, 9.2.6), as far as it is used here. */
function eventsOf(response: IncomingMessage): { next(): Promise<HeardEvent | undefined> } {
  const heard: HeardEvent[] = [];
  let rest = '';
  let isOver = false;
  let wake = (): void => undefined;
  const over = (): void => {
    isOver = true;
    wake();
  };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]);
      const value = (name: string) => fields.find(([field]) => field === name)?.[1] ?? '';
      if (value('data') !== '') heard.push({ id: value('id'), event: value('event'), data: value('data') });
    }
    wake();
  });
  for (const event of ['end', 'close', 'error']) response.on(event, over);
  return {
    async next() {
      while (heard.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
      return heard.shift();
    },
  };
}
