import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { expect, it } from 'vitest';
import { createConnection } from './connection.js';
import type { PeerFacts } from './peer.js';
import { sip } from './sip.stage.js';
import { transactionTable } from './transaction.stage.js';
import { holds } from './wire.js';

const facts: PeerFacts = {
  certificate: undefined,
  vouching: { possible: [], sound: [] },
  hasAlternativeNames: false,
  revoked: 'none',
  missingIssuer: '',
};

/** A connection of acme whose peer says what the test wants, and how often that was work for nothing. */
function talk() {
  const { members } = transactionTable();
  const member = members.of('acme');
  const socket = new TLSSocket(new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }));
  const leaving: (() => void)[] = [];
  let worked = 0;
  let requests = 0;
  const open = () =>
    createConnection(
      socket,
      { id: 'c1', member, source: '192.0.2.1:5061', listener: 'members', facts },
      {
        turn: { later: () => undefined },
        leaving: { take: (leave) => void leaving.push(leave) },
        sipLimits: defaultLimits,
        outboxBytes: 1_000_000,
        outboxBytesMax: 2_000_000,
        memberBytes: 1_000_000,
        memberBytesMax: 2_000_000,
        messageTime: 1_000,
        idleTime: () => 0,
        readTime: () => 1_000,
        onlyWay: () => false,
        probe: () => ({ tend: () => 'nothing', question: () => '', isAnswer: ({ head }) => head.includes('probe') }),
        clock: () => 1,
        worked: () => {
          worked += 1;
        },
        request: () => {
          requests += 1;
        },
        response: () => undefined,
        refused: () => '',
        broken: () => undefined,
        unexpected: () => undefined,
        closed: () => undefined,
      },
    );
  const say = (text: string) => socket.emit('data', Buffer.from(text, 'latin1'));
  return { member, socket, leaving, open, say, counts: () => ({ worked, requests }) };
}

it.each<[what: string, pieces: readonly string[], worked: number, requests: number]>([
  ['whole messages', [sip() + sip(), sip()], 0, 3],
  ['pings', ['\r\n\r\n'.repeat(500)], 500, 0],
  ['broken messages', [sip({ headers: ['no header field'] }).repeat(20)], 20, 0],
  ['a message byte for byte', [...sip()], sip().length - 1, 1],
  ['lone line ends', ['\r\n', '\r\n', '\r\n'], 3, 0],
  [
    'answers to what the hub itself asked',
    ['SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS h;branch=z9hG4bKprobe\r\nContent-Length: 0\r\n\r\n'.repeat(9)],
    9,
    0,
  ],
  ['what comes behind the end of framing', ['MESSAGE sip:x SIP/2.0\r\nContent-Length: x\r\n\r\n', 'a', 'b'], 3, 0],
])('%s: what is neither request nor response is counted as work', (_what, pieces, worked, requests) => {
  const { open, say, counts } = talk();
  const connection = open();
  // Somebody waits for an answer: a connection that cannot be read on stays.
  connection.inFlight = 1;
  for (const piece of pieces) say(piece);
  expect(counts()).toEqual({ worked, requests });
});

it('a new connection of a member that had its share is not read before the others are', () => {
  const { member, socket, open } = talk();
  member.held = true;
  const connection = open();
  expect(socket.isPaused()).toBe(true);
  connection.release(holds.share);
  expect(socket.isPaused()).toBe(false);
});

it('is ended in its turn where its peer ended it, after what was written for it', () => {
  const { socket, leaving, open } = talk();
  const connection = open();
  const done: string[] = [];
  socket.write = (chunk: unknown) => done.push(String(chunk)) > 0;
  socket.end = () => {
    done.push('end');
    return socket;
  };
  connection.text('a last answer');
  socket.emit('end');
  expect([connection.open, done, socket.allowHalfOpen]).toEqual([false, [], true]);
  for (const leave of leaving) leave();
  expect(done).toEqual(['a last answer', 'end']);
});

it('is told goodbye in its turn, after what was written for it; what it says meanwhile is dropped', () => {
  const { socket, leaving, open, say, counts } = talk();
  const connection = open();
  const done: string[] = [];
  socket.write = (chunk: unknown) => done.push(String(chunk)) > 0;
  socket.end = () => {
    done.push('end');
    return socket;
  };
  connection.text('a last answer');
  connection.finish();
  connection.text('too late');
  say(sip());
  expect([connection.open, done, counts().requests]).toEqual([false, [], 0]);
  for (const leave of leaving) leave();
  expect(done).toEqual(['a last answer', 'end']);
});

it('that was told goodbye already is not ended once more', () => {
  const { socket, leaving, open } = talk();
  const connection = open();
  connection.finish();
  connection.finish();
  socket.emit('end');
  expect(leaving.length).toBe(1);
});

it('is destroyed in its turn where it keeps us waiting, and nothing it says meanwhile is taken', () => {
  const { socket, leaving, open, say, counts } = talk();
  const connection = open();
  say(sip().slice(0, -5));
  connection.tend(1_500);
  say(sip().slice(-5));
  expect([connection.open, socket.destroyed, counts().requests]).toEqual([false, false, 0]);
  for (const leave of leaving) leave();
  expect(socket.destroyed).toBe(true);
});
