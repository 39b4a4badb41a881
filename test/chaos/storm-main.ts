import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { obeyOrders } from '../stage/child.js';
import type { StormAnswer, StormFindings, StormMember, StormOrder } from './storm-protocol.js';

/** Members of the storm, where they connect to, and the connection each has. */
interface Band {
  readonly contexts: readonly SecureContext[];
  readonly sockets: (TLSSocket | undefined)[];
  readonly port: number;
  readonly serverName: string;
}

/** A member that was closed tries again after this and up to as much again, ms: as proxies do. */
const again = 1_000;

/** A child of a row: plays many members that only connect, and ends with its parent. */
function serve(): void {
  // A thousand members' machines are not the hub's: what they compute must not take its time.
  setPriority(constants.priority.PRIORITY_LOW);
  let band: Band | undefined;
  obeyOrders(async (order: StormOrder): Promise<StormAnswer> => {
    switch (order.kind) {
      case 'enlist':
        band = enlist(order.members, order.caFile, order.port, order.serverName);
        return { kind: 'enlist' };
      case 'storm':
        if (band === undefined) return { kind: 'failed', why: 'nobody is enlisted' };
        return { kind: 'storm', found: await storm(band, order.addresses, order.patience) };
    }
  });
}

function enlist(members: readonly StormMember[], caFile: string, port: number, serverName: string): Band {
  const ca = readFileSync(caFile);
  const contexts = members.map(({ certFile, keyFile }) =>
    createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile), ca }),
  );
  return { contexts, sockets: contexts.map(() => undefined), port, serverName };
}

function storm(band: Band, addresses: readonly string[], patience: number): Promise<StormFindings> {
  for (const [at, socket] of band.sockets.entries()) {
    socket?.destroy();
    band.sockets[at] = undefined;
  }
  return new Promise((resolve) => {
    const began = performance.now();
    const backAt: number[] = [];
    let tries = 0;
    let closed = 0;
    let over = false;
    const finish = (): void => {
      over = true;
      clearTimeout(end);
      const sorted = backAt.toSorted((a, b) => a - b);
      const medianBack = sorted[Math.floor(sorted.length / 2)] ?? 0;
      resolve({ back: backAt.length, lastBack: sorted.at(-1) ?? 0, medianBack, tries, closed });
    };
    const end = setTimeout(finish, patience);
    const dial = (at: number, secureContext: SecureContext): void => {
      if (over) return;
      tries += 1;
      // Node's types do not know it of TLS; net.connect does (it is what TLS connects with).
      const from = { localAddress: addresses[at % addresses.length] ?? '127.0.0.1' };
      const { port, serverName } = band;
      const socket = connect({ host: '127.0.0.1', port, servername: serverName, secureContext, ...from });
      let stays = false;
      socket.on('error', () => undefined);
      // With TLS 1.3 only the answer to a keepalive (RFC 5626 4.4.1) tells that the hub is done, too.
      socket.once('secureConnect', () => socket.write('\r\n\r\n'));
      socket.once('data', () => {
        stays = true;
        band.sockets[at] = socket;
        backAt.push(performance.now() - began);
        if (backAt.length === band.contexts.length) finish();
      });
      socket.once('close', () => {
        if (stays || over) return;
        closed += 1;
        setTimeout(() => dial(at, secureContext), again * (1 + Math.random()));
      });
    };
    for (const [at, secureContext] of band.contexts.entries()) dial(at, secureContext);
  });
}

serve();
