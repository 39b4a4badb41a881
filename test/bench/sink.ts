import { createServer } from 'node:http';

/** An OTLP collector that takes everything and keeps nothing but how much it was. */
export interface Sink {
  readonly url: string;
  /** Requests by path, such as "/v1/traces". */
  taken(path: string): number;
  close(): Promise<void>;
}

/** Starts one on 127.0.0.1. */
export async function openSink(): Promise<Sink> {
  const taken = new Map<string, number>();
  const server = createServer((request, answer) => {
    const path = request.url ?? '';
    taken.set(path, (taken.get(path) ?? 0) + 1);
    request.resume();
    request.once('end', () => {
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.end('{}');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  // Whoever fails before `close` is not kept from ending.
  server.unref();
  const address = server.address();
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    taken: (path) => taken.get(path) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
