import { hostPort } from '@guildhall/chassis/host-port';
import { createOutbox } from '@guildhall/chassis/outbox';
import type { Turn } from '@guildhall/chassis/turn';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import type { Message } from '@guildhall/proto/sip/message';
import type { SipError } from '@guildhall/proto/sip/sip-error';
import type { Events, LinkName } from './events.js';
import { idle, type LinkAction, type LinkInput, type LinkState, type LinkTiming, stepLink } from './link.js';
import { readLink } from './link-reader.js';
import { type Destination, dial, inBrief, inWords, type Judges, type LinkSocket } from './link-socket.js';
import type { Link } from './member.js';
import { type Prober, probeIn } from './probe.js';
import type { Distrusted } from './turning-away.js';
import { createUnasked } from './unasked.js';

/** What a link tells those who use it. */
export interface LinkListener {
  /** Up: what waits can be written. */
  flush(): void;
  /** A dial failed, or it is closed for good: what waits must go elsewhere. */
  fail(): void;
  /** Lost and being redialled: what it carried waits for that. */
  requeue(link: Link): void;
  /** Gone: what it carried must go elsewhere. */
  orphan(link: Link): void;
  /** About to be closed for good, and perhaps up still: what its far end waits for is to be answered now. */
  closing(link: Link): void;
  response(m: Message, link: Link): void;
  request(m: Message, link: Link, source: string): void;
  /** A response that must not pass. */
  brokenResponse(m: Message, link: Link, error: SipError): void;
}

/** A connection the relay dials and redials. `want`: something is to be sent; `tick` lets time pass (monotonic ms). */
export interface DialledLink extends Link {
  state(): LinkState;
  want(): void;
  tick(now: number, wanted: boolean): void;
  /** What certificates are judged by has changed: gives the connection up where it is not good any more, and dials soon where it may be. */
  review(): void;
  close(): void;
}

/** What all links of a relay share. */
export interface LinkTools extends Judges {
  readonly timing: LinkTiming;
  readonly limits: SipLimits;
  /** Bytes that may be unsent on one link. */
  readonly linkBytes: number;
  /** Messages a second that one may bring and nobody asked for. */
  readonly linkUnasked: number;
  readonly prober: Prober;
  readonly turn: Turn;
  readonly events: Events;
  /** The links that were dialled and are not closed for good, by id. */
  readonly dialled: Map<string, DialledLink>;
  /** A proxy did not prove who it is, or does not any more. */
  turnedAway(link: LinkName, distrusted: Distrusted): void;
  /** Monotonic ms, and 0 <= random < 1. */
  readonly clock: () => number;
  readonly random: () => number;
  readonly newId: () => string;
}

/** One connection to a proxy: the pure life of link.ts, with a socket, a reader and this turn's bytes. Dials when wanted. */
export function createDialledLink(member: string, to: Destination, tools: LinkTools, listener: LinkListener): DialledLink {
  const id = tools.newId();
  const name: LinkName = { member, address: hostPort(to.host, to.port) };
  const outbox = createOutbox(16 * 1024);
  let state: LinkState = idle;
  let socket: LinkSocket | undefined;
  let heardAt = 0;
  /** Bytes the socket was given, those the far end had taken when that was last looked at, and when the number last grew or nothing was left. */
  let given = 0;
  let taken = 0;
  let takenAt = 0;
  let probe = '';
  let inUse = false;
  const unasked = createUnasked(tools.linkUnasked, tools.clock());
  let paused = false;
  /** Why it is down, without a word of the far end's, and when its certificate ends. */
  let trouble = '';
  let certificateEnds = 0;

  const link: DialledLink = {
    id,
    member,
    address: name.address,
    isUp: () => state.kind === 'up',
    hasRoom: () => socket !== undefined && socket.backlog() + outbox.length() < tools.linkBytes,
    write(head, source, start, end) {
      if (state.kind !== 'up') return;
      unasked.wrote();
      outbox.text(head);
      outbox.bytes(source, start, end);
      tools.turn.later(job);
    },
    state: () => state,
    standing: () => ({ state: state.kind, why: state.kind === 'up' ? '' : trouble, certificateEnds }),
    want() {
      inUse = true;
      if (state.kind === 'idle' || state.kind === 'backoff') advance({ kind: 'wanted', now: tools.clock() });
    },
    tick(now, wanted) {
      inUse = wanted;
      unasked.fill(now);
      if (paused && !unasked.isTooMuch()) {
        paused = false;
        socket?.read(true);
      }
      if (socket !== undefined && tools.wall() > socket.endsAt()) link.review();
      look(now);
      advance({ kind: 'tick', now, heardAt, takenAt, wanted, random: tools.random() });
    },
    review() {
      advance({ kind: 'reconsidered', now: tools.clock() });
      const found = state.kind === 'up' ? socket?.distrusted() : undefined;
      if (found === undefined) return;
      tools.turnedAway(name, found);
      trouble = inBrief(found);
      tools.events.linkLost(name, inWords(found));
      advance({ kind: 'distrusted', now: tools.clock(), random: tools.random() });
    },
    close() {
      listener.closing(link);
      tools.dialled.delete(id);
      flushOut();
      advance({ kind: 'unwanted' });
    },
  };

  const flushOut = (): void => {
    if (socket === undefined || outbox.length() === 0) return;
    given += outbox.length();
    socket.write(outbox.take());
  };
  const look = (now: number): void => {
    const backlog = socket?.backlog() ?? 0;
    if (backlog > 0 && given - backlog <= taken) return;
    taken = given - backlog;
    takenAt = now;
  };
  const job = { run: flushOut, queued: false };

  const text = (latin1: string): void => {
    if (!link.isUp() || !link.hasRoom()) return;
    outbox.text(latin1);
    tools.turn.later(job);
  };

  const drop = (): void => {
    socket?.destroy();
    socket = undefined;
    probe = '';
    outbox.take();
  };

  const lost = (why: string): void => {
    trouble = why;
    tools.events.linkLost(name, why);
    drop();
    const heard = state.kind === 'up' && heardAt > state.since;
    advance({ kind: 'lost', now: tools.clock(), heard, wanted: inUse, random: tools.random() });
  };

  /** What came in cannot be read on: what is still to be said is said, and it counts as a failure, lest it begin anew at once. */
  const giveUp = (why: string): void => {
    trouble = why;
    flushOut();
    socket?.end();
    socket = undefined;
    advance({ kind: 'lost', now: tools.clock(), heard: false, wanted: inUse, random: tools.random() });
  };

  const act = (action: LinkAction): void => {
    switch (action) {
      case 'connect':
        open();
        return;
      case 'flush':
        tools.events.linkUp(name);
        listener.flush();
        return;
      case 'fail':
        listener.fail();
        return;
      case 'requeue':
        listener.requeue(link);
        return;
      case 'orphan':
        listener.orphan(link);
        return;
      case 'probe': {
        tools.events.probes += 1;
        const next = tools.prober.write(to.host, to.port);
        probe = next.branch;
        text(next.text);
        return;
      }
      case 'destroy':
        drop();
        return;
      case 'end':
        socket?.end();
        socket = undefined;
    }
  };

  function advance(input: LinkInput): void {
    const next = stepLink(state, input, tools.timing);
    const before = state;
    state = next.state;
    if (before.kind === 'up' && input.kind === 'tick' && next.actions.includes('destroy')) {
      trouble = input.now - input.heardAt >= tools.timing.dead ? 'nothing heard' : 'it takes nothing of what is written';
      tools.events.linkLost(name, trouble);
    }
    for (const action of next.actions) act(action);
  }

  function open(): void {
    tools.dialled.set(id, link);
    let own: LinkSocket | undefined;
    const current = (): boolean => socket === own;
    const reader = readLink(link, name, tools, listener, { text, giveUp, unasked, isProbe: (m) => probe !== '' && probeIn(m, probe) });
    own = dial(to, tools, {
      opened() {
        if (!current()) return;
        heardAt = tools.clock();
        paused = false;
        takenAt = heardAt;
        certificateEnds = endOf(own);
        given = 0;
        taken = 0;
        advance({ kind: 'opened', now: heardAt });
      },
      refused(fault, why, distrusted) {
        if (!current()) return;
        if (distrusted !== undefined) tools.turnedAway(name, distrusted);
        trouble = distrusted === undefined ? why : inBrief(distrusted);
        const failures = state.kind === 'connecting' ? state.failures + 1 : 1;
        tools.events.linkRefused(name, fault, why, failures);
        advance({ kind: 'refused', fault, now: tools.clock(), random: tools.random() });
      },
      data(chunk) {
        if (!current()) return;
        heardAt = tools.clock();
        try {
          const before = unasked.count();
          reader.feed(chunk);
          // However small the pieces are that a message comes in, each is read.
          if (unasked.count() === before) unasked.came();
          if (unasked.isTooMuch() && !paused) {
            paused = true;
            own?.read(false);
          }
        } catch (error) {
          tools.events.linkFailed(name, error);
          giveUp('an error of our own while reading it');
        }
      },
      lost(why) {
        if (current()) lost(why);
      },
    });
    socket = own;
  }

  return link;
}

/** ms since 1970; 0: not known. */
function endOf(socket: LinkSocket | undefined): number {
  const ends = socket?.endsAt() ?? 0;
  return Number.isFinite(ends) ? ends : 0;
}
