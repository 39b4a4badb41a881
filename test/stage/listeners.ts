import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** Somebody outside to whom a hub tells things, and who keeps every byte. */
export interface Listener {
  /** "host:port" on 127.0.0.1. */
  readonly address: string;
  readonly port: number;
  /** Everything that came, oldest first. */
  readonly heard: readonly Buffer[];
  close(): Promise<void>;
}

/** An OTLP collector: takes every POST and keeps its body, unpacked. */
export async function openCollector(): Promise<Listener> {
  const heard: Buffer[] = [];
  const server = createServer((request, answer) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const body = Buffer.concat(chunks);
      heard.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.end('{}');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    port,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A capture server: takes every datagram. */
export async function openCapture(): Promise<Listener> {
  const heard: Buffer[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => heard.push(Buffer.from(bytes)));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  const { port } = socket.address();
  return { address: `127.0.0.1:${port}`, port, heard, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}
