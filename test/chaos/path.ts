import { connect, createServer, type Server, type Socket } from 'node:net';

/** How bytes go along a path. */
export type Passage =
  | { readonly kind: 'flows' }
  /**
   * Nothing passes in either direction, not even the end of a connection, and nobody is told: what a network does that lost its middle. New
   * connections are taken and lead nowhere. What was sent meanwhile arrives when it flows again, as TCP would see to.
   */
  | { readonly kind: 'stalls' }
  /** Bytes pass towards this end only, of new connections too; the others arrive when it flows again. `near` is whoever dialled. */
  | { readonly kind: 'one-way'; readonly to: 'near' | 'far' }
  /** So many bytes a second in each direction of each connection. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** New connections are refused; those that stand go on. */
  | { readonly kind: 'refuses' };

/** An end of a path: a TCP port (on 127.0.0.1 when no host is named) or a socket in the file system. */
export type PathEnd = { readonly host?: string; readonly port: number } | { readonly path: string };

/** One connection along a path. */
export interface PathConnection {
  /** Port of whoever opened it; 0 on a socket of the file system. */
  readonly from: number;
  /** Another passage for this connection alone, until the whole path gets another. */
  pass(passage: Passage): void;
  /** Resets it at both ends. */
  reset(): void;
}

/** A TCP proxy that stands in for a network: whoever dials its port gets to the far end, as well as the path lets him. */
export interface Path {
  /** Where it listens on 127.0.0.1; 0 on a socket of the file system. */
  readonly port: number;
  /** Those that stand, oldest first. */
  connections(): readonly PathConnection[];
  /** Another passage for every connection, those to come included. Resolves when it is in force. */
  pass(passage: Passage): Promise<void>;
  /** Resets every connection; new ones go as the passage says. */
  reset(): void;
  /** Resets every connection and refuses new ones. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a path to `far`; it flows. Without `near` it listens on any port of 127.0.0.1. Rejects when it cannot listen. */
export async function openPath(far: PathEnd, near: PathEnd = { port: 0 }): Promise<Path> {
  const standing = new Set<PathConnection>();
  let passage: Passage = { kind: 'flows' };
  // Both ends of a connection may end one after the other, as they would without us.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    const connection = openConnection(socket, far, passage, () => standing.delete(connection));
    standing.add(connection);
  });
  let bound = near;
  await listen(server, bound);
  const port = portOf(server);
  if ('port' in near) bound = { ...near, port };
  const reset = () => {
    for (const connection of [...standing]) connection.reset();
  };
  const path: Path = {
    port,
    connections: () => [...standing],
    async pass(next) {
      passage = next;
      for (const connection of standing) connection.pass(next);
      if (next.kind !== 'refuses') await listen(server, bound);
      else if (server.listening) server.close();
    },
    reset,
    async cut() {
      await path.pass({ kind: 'refuses' });
      reset();
    },
    async close() {
      await path.cut();
    },
  };
  return path;
}

/** Only TCP knows resets; a socket of the file system ends. */
function resetSocket(socket: Socket | undefined): void {
  if (socket === undefined) return;
  if (socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/** One direction of a connection. */
interface Lane {
  pass(passage: Passage): void;
}

function openConnection(near: Socket, far: PathEnd, first: Passage, over: () => void): PathConnection {
  let passage = first;
  let lanes: readonly Lane[] = [];
  let onward: Socket | undefined;
  // What became of the connection while it stalled: told to the other end when it flows again.
  let news: (() => void) | undefined;
  const bothGone = () => {
    if (near.destroyed && (onward?.destroyed ?? true)) over();
  };
  const broke = (other: () => Socket | undefined) => {
    const pass = () => resetSocket(other());
    if (passage.kind === 'stalls') news = pass;
    else pass();
  };
  near.on('error', () => broke(() => onward));
  near.on('close', bothGone);

  const lead = () => {
    const socket = connect({ ...('port' in far ? { host: '127.0.0.1', ...far } : far), allowHalfOpen: true });
    onward = socket;
    socket.on('error', () => broke(() => near));
    socket.on('close', bothGone);
    lanes = [openLane(near, socket, towards('far', passage)), openLane(socket, near, towards('near', passage))];
  };
  const pass = (next: Passage) => {
    passage = next;
    const [onwards, backwards] = lanes;
    onwards?.pass(towards('far', next));
    backwards?.pass(towards('near', next));
    if (next.kind === 'stalls') return;
    news?.();
    news = undefined;
    if (onward === undefined && !near.destroyed) lead();
  };
  near.setNoDelay(true);
  pass(first);
  return {
    from: near.remotePort ?? 0,
    pass,
    reset() {
      resetSocket(near);
      resetSocket(onward);
      over();
    },
  };
}

/** What a passage is to the lane that leads to this end. */
function towards(end: 'near' | 'far', passage: Passage): Passage {
  return passage.kind === 'one-way' ? { kind: passage.to === end ? 'flows' : 'stalls' } : passage;
}

function openLane(from: Socket, to: Socket, first: Passage): Lane {
  let passage = first;
  let full = false;
  let ended = false;
  let pausing: NodeJS.Timeout | undefined;
  const go = () => {
    if (passage.kind === 'stalls' || full || pausing !== undefined) from.pause();
    // The end comes to a paused socket too, once everything before it was read.
    else if (ended) to.end();
    else from.resume();
  };
  to.setNoDelay(true);
  from.on('data', (chunk) => {
    full = !to.write(chunk);
    if (passage.kind === 'slow') {
      pausing = setTimeout(
        () => {
          pausing = undefined;
          go();
        },
        (chunk.length / passage.bytesPerSecond) * 1000,
      );
    }
    if (full || pausing !== undefined) from.pause();
  });
  to.on('drain', () => {
    full = false;
    go();
  });
  from.on('end', () => {
    ended = true;
    go();
  });
  from.on('close', () => clearTimeout(pausing));
  go();
  return {
    pass(next) {
      passage = next;
      go();
    },
  };
}

function listen(server: Server, end: PathEnd): Promise<void> {
  return new Promise((resolve, reject) => {
    if (server.listening) return resolve();
    server.once('error', reject);
    const listening = () => {
      server.off('error', reject);
      resolve();
    };
    if ('path' in end) server.listen(end.path, listening);
    else server.listen(end.port, end.host ?? '127.0.0.1', listening);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}
