import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { Fault } from '@guildhall/chassis/fault';
import { oncePer } from '@guildhall/chassis/once-per';
import { type HepCapture, type HepSender, hepPacket } from './hep-packet.js';
import type { HepConfig } from './tap-config.js';

/** What became of packets. */
export interface HepCounts {
  sent: number;
  /** The network would not have them, or the server's port is not open: UDP tells of that sometimes. */
  failed: number;
  /** Dropped: more than the rate, more than may wait, and before the server's address was known. */
  overRate: number;
  queueFull: number;
  noServer: number;
}

/** Sends copies of messages to a capture server. */
export interface HepExport {
  readonly counts: Readonly<HepCounts>;
  /** Never throws and never waits. */
  send(capture: HepCapture): void;
  close(): void;
}

/** How an export is started. */
export interface HepRim {
  /** Names this ingress to the server. */
  readonly id: string;
  clock(): number;
  /** It cannot be sent at the moment; called now and then while it lasts. */
  failed(why: string): void;
}

/** A name is looked up, and a socket that broke is made, again after this, ms. */
const again = 5_000;
const failuresTold = 60_000;
const longestSecret = 256;

/** Begins to look for the server; messages are dropped and counted until it is known. Throws a Fault for a secret that cannot be read. */
export function createHepExport(config: HepConfig, { id, clock, failed }: HepRim): HepExport {
  const sender: HepSender = { captureId: config.captureId, name: id, key: secretOf(config) };
  const counts: HepCounts = { sent: 0, failed: 0, overRate: 0, queueFull: 0, noServer: 0 };
  const may = oncePer(1_000, clock, config.packetsPerSecond);
  const mayTell = oncePer(failuresTold, clock);
  let socket: Socket | undefined;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const fail = (why: string): void => {
    if (mayTell() > 0) failed(why);
  };
  const retry = (): void => {
    if (!closed) timer = setTimeout(() => void open(), again).unref();
  };
  const open = async (): Promise<void> => {
    try {
      const { address, family } = await lookup(config.host);
      if (closed) return;
      const made = createSocket(family === 6 ? 'udp6' : 'udp4');
      const giveUp = (error: Error): void => {
        fail(error.message);
        if (socket !== made && socket !== undefined) return;
        socket = undefined;
        made.close();
        retry();
      };
      made.once('error', giveUp);
      made.connect(config.port, address, () => {
        // From here on the far end may say that its port is shut, which is no reason for another socket.
        made.off('error', giveUp);
        made.on('error', (error) => {
          counts.failed += 1;
          fail(error.message);
        });
        made.unref();
        if (closed) made.close();
        else socket = made;
      });
    } catch (error) {
      fail(error instanceof Error ? error.message : 'unknown');
      retry();
    }
  };
  void open();

  return {
    counts,
    send(capture) {
      if (socket === undefined) {
        counts.noServer += 1;
        return;
      }
      if (waiting >= config.queue) {
        counts.queueFull += 1;
        return;
      }
      if (may() === 0) {
        counts.overRate += 1;
        return;
      }
      waiting += 1;
      socket.send(hepPacket(capture, sender), (error) => {
        waiting -= 1;
        if (error === null) {
          counts.sent += 1;
          return;
        }
        counts.failed += 1;
        fail(error.message);
      });
    },
    close() {
      closed = true;
      clearTimeout(timer);
      socket?.close();
      socket = undefined;
    },
  };
}

function secretOf({ password, passwordFile }: HepConfig): string {
  if (passwordFile === undefined) return password ?? '';
  let text: string;
  try {
    text = readFileSync(passwordFile, 'utf8');
  } catch (error) {
    throw new Fault('config', `hep.passwordFile ${passwordFile} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`, {
      cure: 'put the password of the capture server on its first line, readable by this process, or leave the setting out',
      exitCode: 2,
    });
  }
  const secret = (text.split('\n', 1)[0] ?? '').trim();
  if (secret !== '' && secret.length <= longestSecret) return secret;
  throw new Fault('config', `hep.passwordFile ${passwordFile} has no password of 1 to ${longestSecret} characters on its first line`, {
    cure: 'put the password of the capture server there, or leave the setting out',
    exitCode: 2,
  });
}
