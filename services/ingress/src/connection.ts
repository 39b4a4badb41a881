import type { TLSSocket } from 'node:tls';
import { hostPort, plainAddress } from '@guildhall/chassis/host-port';
import { createOutbox } from '@guildhall/chassis/outbox';
import type { Slices } from '@guildhall/chassis/slices';
import type { Job, Turn } from '@guildhall/chassis/turn';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import type { Message } from '@guildhall/proto/sip/message';
import { createMessageReader, type MessageSink } from '@guildhall/proto/sip/reader';
import type { SipError } from '@guildhall/proto/sip/sip-error';
import { type BufferedLimits, mustGo, noteBuffered } from './buffered.js';
import type { ConnectionProbe } from './connection-probe.js';
import type { Member } from './members.js';
import type { PeerFacts } from './peer.js';
import { type Hold, holds, type Wire } from './wire.js';

/** Why a connection that spoke SIP was closed by us. */
export type BrokenReason = 'framing' | 'does-not-read' | 'half-message' | 'half-open' | 'idle' | 'socket-error' | 'unexpected';

/** One authenticated connection of a member. */
export interface Connection extends Wire {
  readonly listener: string;
  /** What the handshake showed: looked at again when the membership changes. */
  facts: PeerFacts;
  /** Writes what is gathered, then ends with close_notify. Nothing more is read. */
  finish(): void;
  /** Ends at once. */
  destroy(): void;
  /** To be called every second or so: ends the connection where the peer keeps us waiting. */
  tend(now: number): void;
}

/** What happens on connections, and what they may cost. */
export interface ConnectionDesk extends BufferedLimits {
  readonly turn: Turn;
  /** Where connections are brought to their end, a few a turn: their peers or the hub may end a thousand at one moment. */
  readonly leaving: Slices<() => void>;
  readonly sipLimits: SipLimits;
  readonly outboxBytes: number;
  readonly outboxBytesMax: number;
  /** ms: a message begun must be whole within this. */
  readonly messageTime: number;
  /** ms of silence after which a member's connection is closed; 0: never. */
  idleTime(member: string): number;
  /** ms in which the peer must take what waits for it. */
  readTime(member: string): number;
  /** Whether a member is reached over its connections only: a silent one is asked for a sign of life. */
  onlyWay(member: string): boolean;
  probe(name: ConnectionName): ConnectionProbe;
  clock(): number;
  /** What a member sent cost something though it is neither a request nor a response. */
  worked(member: Member): void;
  request(message: Message, wire: Wire): void;
  response(message: Message, wire: Wire): void;
  /** A message that cannot be passed on; the answer if there can be one, else ''. */
  refused(error: SipError, message: Message, wire: Wire): string;
  broken(connection: Connection, reason: BrokenReason, detail: string): void;
  /** An error of our own while a message was taken: it costs this connection, not the process. */
  unexpected(error: unknown): void;
  closed(connection: Connection): void;
}

/** Who the connection belongs to. */
export interface ConnectionName {
  readonly id: string;
  readonly member: Member;
  readonly source: string;
  readonly listener: string;
  readonly facts: PeerFacts;
}

/** A peer that was told goodbye has this long to close its side, ms. */
const farewell = 5_000;
/** A peer that can no longer be understood gets the answers it waits for within 64 * T1 (RFC 3261 17), then goodbye, ms. */
const lastAnswers = 32_000;

/** Takes over a socket whose handshake is done and whose peer was believed. */
export function createConnection(socket: TLSSocket, name: ConnectionName, desk: ConnectionDesk): Connection {
  const outbox = createOutbox(4096);
  let heardAt = desk.clock();
  /** Since when a message is incomplete, the peer does not read, or it was told goodbye; 0: it is not so. */
  let partialSince = 0;
  let pausedSince = 0;
  let finishedSince = 0;
  /** Why it is not read now: `holds` together. */
  let held = 0;
  /** Its part of `member.bytes`. */
  let weight = 0;
  /** Since when nothing it says can be understood any more, while answers to what it said before still go out; 0: it is not so. */
  let deafSince = 0;
  /** Whether what came last brought anything to its end. */
  let brought = false;

  const hold = (why: Hold): void => {
    // Who was told goodbye is read to its end.
    if (finishedSince !== 0) return;
    if (held === 0) socket.pause();
    held |= why;
  };
  const release = (why: Hold): void => {
    if (held === 0) return;
    held &= ~why;
    if (held !== 0) return;
    // It could not be heard: neither silence nor half a message is its fault.
    heardAt = desk.clock();
    if (partialSince !== 0) partialSince = heardAt;
    socket.resume();
  };

  /** Keeps the member's account of what waits in its connections. */
  const weigh = (bytes: number): void => {
    const change = bytes - weight;
    weight = bytes;
    noteBuffered(name.member, change, desk);
  };
  const waiting = (): number => socket.writableLength + outbox.length() + reader.buffered();

  const write: Job = {
    queued: false,
    run() {
      if (socket.destroyed || outbox.length() === 0) return;
      socket.write(outbox.take());
      weigh(waiting());
      if (socket.writableLength > desk.outboxBytesMax) {
        end('does-not-read', `${socket.writableLength} bytes wait for it`);
      } else if (mustGo(name.member, weight, desk)) {
        end('does-not-read', `${name.member.bytes} bytes wait for its member`);
      } else if (socket.writableLength > desk.outboxBytes && pausedSince === 0) {
        pausedSince = desk.clock();
        hold(holds.outbox);
      }
    },
  };

  const end = (reason: BrokenReason, detail: string): void => {
    desk.broken(connection, reason, detail);
    connection.destroy();
  };

  const finish = (): void => {
    if (finishedSince !== 0) return;
    finishedSince = desk.clock();
    connection.open = false;
    desk.leaving.take(sayGoodbye);
    // What still comes is read and dropped, so that the peer is not met with a reset before it has our last bytes.
    held = 0;
    socket.resume();
  };

  /** What was written for the peer goes out, then close_notify. */
  const sayGoodbye = (): void => {
    if (socket.destroyed) return;
    if (outbox.length() > 0) socket.write(outbox.take());
    socket.end();
  };
  /** Its peer kept us waiting too long: nothing that comes is taken any more, and its turn to be destroyed comes. */
  const giveUp = (reason: BrokenReason, detail: string): void => {
    desk.broken(connection, reason, detail);
    connection.open = false;
    finishedSince = desk.clock();
    desk.leaving.take(connection.destroy);
  };

  const sink: MessageSink = {
    message(message) {
      brought = true;
      partialSince = 0;
      if (message.status === 0) desk.request(message, connection);
      else if (probe.isAnswer(message)) desk.worked(name.member);
      else desk.response(message, connection);
    },
    // RFC 5626 4.4.1.
    ping() {
      brought = true;
      desk.worked(name.member);
      connection.text('\r\n');
    },
    pong() {},
    refused(error, message) {
      brought = true;
      partialSince = 0;
      desk.worked(name.member);
      connection.text(desk.refused(error, message, connection));
    },
    broken(error, request) {
      if (request !== undefined) connection.text(desk.refused(error, request, connection));
      desk.broken(connection, 'framing', error.message);
      deafSince = desk.clock();
      if (connection.inFlight === 0) finish();
    },
  };
  const reader = createMessageReader(desk.sipLimits, sink);
  const probe = desk.probe(name);

  const connection: Connection = {
    id: name.id,
    member: name.member,
    source: name.source,
    local: hostPort(plainAddress(socket.localAddress ?? ''), socket.localPort ?? 0),
    listener: name.listener,
    facts: name.facts,
    open: true,
    inFlight: 0,
    hasRoom: () => deafSince === 0 && !name.member.full && socket.writableLength + outbox.length() < desk.outboxBytes,
    hold,
    release,
    text(message) {
      if (!connection.open) return;
      outbox.text(message);
      desk.turn.later(write);
    },
    bytes(from, start, until) {
      if (!connection.open) return;
      outbox.bytes(from, start, until);
      desk.turn.later(write);
    },
    finish,
    destroy() {
      connection.open = false;
      socket.destroy();
    },
    tend(now) {
      weigh(waiting());
      if (finishedSince !== 0) {
        if (now - finishedSince > farewell) desk.leaving.take(connection.destroy);
      } else if (deafSince !== 0 && (connection.inFlight === 0 || now - deafSince > lastAnswers)) {
        finish();
      } else if (pausedSince !== 0 && now - pausedSince > desk.readTime(name.member.id)) {
        giveUp('does-not-read', `for ${Math.round((now - pausedSince) / 1000)} s`);
      } else if (deafSince === 0 && partialSince !== 0 && now - partialSince > desk.messageTime) {
        giveUp('half-message', `${reader.buffered()} bytes and no more`);
      } else if (held === 0 && desk.onlyWay(name.member.id)) {
        const step = probe.tend(heardAt, now);
        if (step === 'ask') connection.text(probe.question());
        else if (step === 'dead') giveUp('half-open', `nothing came for ${Math.round((now - heardAt) / 1000)} s`);
      } else {
        const idle = desk.idleTime(name.member.id);
        if (idle === 0 || now - heardAt <= idle || connection.inFlight > 0) return;
        desk.broken(connection, 'idle', '');
        finish();
      }
    },
  };

  socket.on('data', (chunk: Buffer) => {
    if (finishedSince !== 0) return;
    if (deafSince !== 0) {
      desk.worked(name.member);
      return;
    }
    heardAt = desk.clock();
    brought = false;
    try {
      reader.feed(chunk);
    } catch (error) {
      desk.unexpected(error);
      end('unexpected', 'an error of the hub itself');
      return;
    }
    // However small the pieces are that a message comes in, each is read.
    if (!brought) desk.worked(name.member);
    weigh(waiting());
    if (reader.buffered() === 0) partialSince = 0;
    else if (partialSince === 0) partialSince = heardAt;
  });
  socket.on('drain', () => {
    weigh(waiting());
    if (pausedSince === 0 || socket.writableLength > desk.outboxBytes) return;
    pausedSince = 0;
    release(holds.outbox);
  });
  // A thousand peers may end theirs at one moment, and each costs TLS a farewell: Node would say all of them in one go.
  socket.allowHalfOpen = true;
  socket.on('end', () => {
    connection.open = false;
    if (finishedSince === 0) desk.leaving.take(sayGoodbye);
  });
  socket.on('error', (error) => {
    if (connection.open) desk.broken(connection, 'socket-error', error.message);
    connection.open = false;
  });
  socket.on('close', () => {
    connection.open = false;
    weigh(0);
    desk.closed(connection);
  });
  // Its member may have too much waiting elsewhere, or had its share.
  if (name.member.full) hold(holds.bytes);
  if (name.member.held) hold(holds.share);
  return connection;
}
