import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { certificateFacts } from '@guildhall/chassis/certificate';
import { missingIssuer } from '@guildhall/chassis/certificate-reason';
import { type Revocations, revokedIn } from '@guildhall/chassis/revocations';
import { createSlices } from '@guildhall/chassis/slices';
import type { CloseReason } from '@guildhall/proto/reason';
import { type Connection, type ConnectionDesk, createConnection } from './connection.js';
import type { Introduce } from './introductions.js';
import type { Members } from './members.js';
import { decidePeer, type Peer, type PeerFacts } from './peer.js';
import { mayBeRevoked, parseShown, type ShownChain, shownChain } from './shown-chain.js';
import type { TrustTable } from './trust.js';
import { vouching } from './vouching.js';

/** How many connections one member may have. */
export interface ConnectionLimits {
  readonly connectionsPerMember: number;
}

/** What the door needs to know and whom it tells. */
export interface DoorDesk {
  readonly connection: Omit<ConnectionDesk, 'leaving'>;
  readonly members: Members;
  readonly limits: ConnectionLimits;
  trust(): TrustTable | undefined;
  /** The certificates of every authority in the trust table. */
  anchors(): readonly X509Certificate[];
  /** What is revoked; undefined while nobody has said yet. */
  revocations(): Revocations | undefined;
  /** What becomes of a peer that is not believed: a stranger may introduce itself. */
  readonly introduce: Introduce;
  /** Wall time, ms. */
  wall(): number;
  opened(connection: Connection, peer: Extract<Peer, { kind: 'member' }>): void;
  /** Turned away before a byte of SIP was read, or put out because the membership no longer allows it. */
  turnedAway(reason: CloseReason, source: string, detail: string, facts: PeerFacts | undefined): void;
}

/** Every connection of this instance. */
export interface Connections {
  /** Decides who a new socket is, and opens or closes it. */
  secured(socket: TLSSocket, source: string, listener: string): void;
  /** Looks again at open connections of these members (undefined: all) and puts out those no longer allowed. */
  review(members: ReadonlySet<string> | undefined): void;
  /** To be called every second or so. */
  tend(now: number): void;
  closed(connection: Connection): void;
  all(): Iterable<Connection>;
  /** Those that are about to be let in included. */
  size(): number;
  /** Ends all at once, and lets nobody in any more. */
  close(): void;
}

/**
 * ms of a turn for connections that their peers or the hub ended, and for those whose handshake is done. A farewell is said fast, but the
 * socket's end that follows takes several times as long.
 */
const aTurn = { leaving: 1, entering: 1 } as const;

/** A socket whose handshake is done; who its peer is was not looked at yet. */
interface Entering {
  readonly socket: TLSSocket;
  readonly source: string;
  readonly listener: string;
}

/** Keeps every connection of this instance, and the counts that bound them. */
export function createConnections(desk: DoorDesk): Connections {
  const { limits, members } = desk;
  const open = new Map<Connection, ShownChain>();
  const leaving = createSlices(desk.connection.turn, aTurn.leaving, desk.connection.clock, (leave: () => void) => leave());
  const connectionDesk: ConnectionDesk = { ...desk.connection, leaving };
  let names = 0;
  /** The authorities and revocations that every open connection's `facts` were made with. */
  let vouchedBy: readonly X509Certificate[] = [];
  let checkedBy: Revocations | undefined;

  const accept = ({ socket, source, listener }: Entering): void => {
    const now = desk.wall();
    const { facts, shown } = meet(socket, desk.anchors(), desk.revocations(), now);
    const peer = desk.introduce(decidePeer(facts, desk.trust(), now), facts);
    if (peer.kind === 'closed') {
      desk.turnedAway(peer.reason, source, peer.detail, facts);
      socket.destroy();
      return;
    }
    const member = members.of(peer.id);
    if (member.wires.length >= limits.connectionsPerMember) {
      desk.turnedAway('too-many-connections', source, `${peer.id} has ${member.wires.length}`, facts);
      socket.destroy();
      return;
    }
    names += 1;
    const connection = createConnection(socket, { id: `c${names}`, member, source, listener, facts }, connectionDesk);
    open.set(connection, shown);
    member.certificateEnds = facts.certificate?.validTo ?? 0;
    member.wires.push(connection);
    desk.opened(connection, peer);
  };

  /** Several handshakes may end in one turn, and to read what each showed takes longer than much of what is said on live connections. */
  const waiting = new Set<Entering>();
  const entering = createSlices(desk.connection.turn, aTurn.entering, desk.connection.clock, (one: Entering) => {
    // It left before its turn came, or the hub did.
    if (!waiting.delete(one) || one.socket.destroyed) return;
    try {
      accept(one);
    } catch (error) {
      desk.turnedAway('handshake-failed', one.source, error instanceof Error ? error.message : 'unexpected', undefined);
      one.socket.destroy();
    }
  });
  const putOut = (connection: Connection): void => {
    connection.finish();
    setTimeout(() => leaving.take(connection.destroy), putOutTime).unref();
  };

  return {
    all: () => open.keys(),
    size: () => open.size + waiting.size,
    close() {
      for (const { socket } of waiting) socket.destroy();
      waiting.clear();
      for (const connection of open.keys()) connection.destroy();
    },
    secured(socket, source, listener) {
      // Until the connection takes over, nothing listens to a socket that may break at any time.
      socket.on('error', ignore);
      const one = { socket, source, listener };
      waiting.add(one);
      entering.take(one);
    },
    review(touched) {
      const trust = desk.trust();
      const now = desk.wall();
      const anchors = desk.anchors();
      // Signatures are only looked at again where there are other authorities: with many connections that takes its time.
      const revocations = desk.revocations();
      for (const [connection, shown] of open) {
        if (anchors !== vouchedBy) connection.facts = factsAgain(connection.facts, parseShown(shown), anchors, revocations, now);
        else if (revocations !== checkedBy) connection.facts = { ...connection.facts, revoked: revokedOf(shown, anchors, revocations) };
      }
      vouchedBy = anchors;
      checkedBy = revocations;
      for (const connection of open.keys()) {
        if (!connection.open || (touched !== undefined && !touched.has(connection.member.id))) continue;
        const { facts } = connection;
        const peer = decidePeer(facts, trust, now);
        if (peer.kind === 'member' && peer.id === connection.member.id) continue;
        const reason = peer.kind === 'closed' ? peer.reason : 'name-of-no-member';
        desk.turnedAway(reason, connection.source, peer.kind === 'closed' ? peer.detail : `now it is ${peer.id}`, facts);
        putOut(connection);
      }
    },
    tend(now) {
      const wall = desk.wall();
      for (const connection of open.keys()) {
        connection.tend(now);
        const validTo = connection.facts.certificate?.validTo ?? 0;
        if (connection.open && wall > validTo) {
          desk.turnedAway('expired', connection.source, 'while it was connected', connection.facts);
          putOut(connection);
        }
      }
    },
    closed(connection) {
      open.delete(connection);
      const { wires } = connection.member;
      const at = wires.indexOf(connection);
      if (at >= 0) wires.splice(at, 1);
    },
  };
}

function ignore(): void {}

/** Who is put out gets what was written for it already, but cannot stay by not listening, ms. */
const putOutTime = 500;

/** What a handshake showed, and what is kept of it for later looks. */
interface Met {
  readonly facts: PeerFacts;
  readonly shown: ShownChain;
}

function meet(socket: TLSSocket, anchors: readonly X509Certificate[], revocations: Revocations | undefined, now: number): Met {
  const found = certificateFacts(socket, anchors);
  if (found === undefined) return { facts: factsAgain(nobody, [], anchors, revocations, now), shown: shownChain([], anchors) };
  const { chain, ...certificate } = found;
  const facts = { ...nobody, certificate, hasAlternativeNames: chain[0]?.subjectAltName !== undefined };
  return { facts: factsAgain(facts, chain, anchors, revocations, now), shown: shownChain(chain, anchors) };
}

const nobody: PeerFacts = {
  certificate: undefined,
  vouching: { possible: [], sound: [] },
  hasAlternativeNames: false,
  revoked: 'unknown',
  missingIssuer: '',
};

/** What hangs on who may issue and what is revoked, by what is known of that now. */
function factsAgain(
  facts: PeerFacts,
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  revocations: Revocations | undefined,
  now: number,
): PeerFacts {
  return {
    ...facts,
    vouching: vouching(chain, anchors, now),
    revoked: standing(chain, anchors, revocations),
    missingIssuer: missingIssuer(chain, anchors),
  };
}

/** The same as `standing`, where most are parsed for nothing. */
function revokedOf(shown: ShownChain, anchors: readonly X509Certificate[], revocations: Revocations | undefined): PeerFacts['revoked'] {
  if (revocations === undefined) return 'unknown';
  if (!mayBeRevoked(shown, revocations)) return 'none';
  return standing(parseShown(shown), anchors, revocations);
}

function standing(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  revocations: Revocations | undefined,
): PeerFacts['revoked'] {
  if (revocations === undefined) return 'unknown';
  const found = revokedIn(chain, anchors, revocations);
  if (found === undefined) return 'none';
  return found === chain[0] ? 'leaf' : 'between';
}
