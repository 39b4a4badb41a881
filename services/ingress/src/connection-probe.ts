import { sipNames } from '@guildhall/chassis/certificate';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import { writeRequest } from '@guildhall/proto/sip/request';
import type { ConnectionName } from './connection.js';

/** After how much silence a connection is asked for a sign of life, and after how much it is dead, ms. */
export interface ProbeTimes {
  readonly probe: number;
  readonly dead: number;
}

/** What is to be done about a silent connection. */
export type ProbeStep = 'nothing' | 'ask' | 'dead';

/** How far the asking is: nothing asked since it was last heard, or asked at a time (monotonic ms). */
export type ProbeState = { readonly kind: 'heard' } | { readonly kind: 'asked'; readonly at: number };

/** A connection that was not asked yet. */
export const heard: ProbeState = { kind: 'heard' };

/**
 * What silence since `heardAt` means at `now`. Nobody is dead who was not asked and had its time to answer: this process itself may have
 * stood still.
 */
export function stepProbe(state: ProbeState, heardAt: number, now: number, { probe, dead }: ProbeTimes): [ProbeStep, ProbeState] {
  if (state.kind === 'asked' && state.at >= heardAt) {
    return [now - heardAt >= dead && now - state.at >= dead - probe ? 'dead' : 'nothing', state];
  }
  return now - heardAt >= probe ? ['ask', { kind: 'asked', at: now }] : ['nothing', heard];
}

/** Asks whether anybody is still there on one connection. */
export interface ConnectionProbe {
  /** To be called every second or so. `heardAt`, `now`: monotonic ms. */
  tend(heardAt: number, now: number): ProbeStep;
  /** What is to be written where `tend` says 'ask'. */
  question(): string;
  /** Whether a response answers what was asked last: then it is for nobody else. */
  isAnswer(response: Message): boolean;
}

/** Names of the connection and of the two ends, as they stand in a request. */
export interface ProbeNames {
  /** No other connection, of any incarnation of this ingress, has it; a token. */
  readonly id: string;
  /** The hub's own domain. */
  readonly domain: string;
  /** Whom it asks: a domain or host of the member's. */
  peer(): string;
}

/**
 * An OPTIONS to the peer itself: Max-Forwards 0 forbids it to pass that on, so it answers whatever it is, 483 at worst (RFC 3261 11.1,
 * 16.3). Any answer, and anything else that comes, is a sign of life.
 */
export function createConnectionProbe(names: ProbeNames, times: ProbeTimes): ConnectionProbe {
  const { id, domain } = names;
  let state = heard;
  let count = 0;
  let branch = '';
  return {
    tend(heardAt, now) {
      const [step, next] = stepProbe(state, heardAt, now, times);
      state = next;
      return step;
    },
    question() {
      const peer = names.peer();
      count += 1;
      // No dots: never read as the branch of a transaction.
      branch = `z9hG4bK${id}probe${count.toString(36)}`;
      return writeRequest({
        method: 'OPTIONS',
        uri: `sip:${peer}`,
        headers: [
          ['Via', `SIP/2.0/TLS ${domain};branch=${branch}`],
          ['Max-Forwards', '0'],
          ['From', `<sip:${domain}>;tag=${id}${count.toString(36)}`],
          ['To', `<sip:${peer}>`],
          ['Call-ID', `probe-${id}-${count.toString(36)}@${domain}`],
          ['CSeq', `${(count % 0x7fff_fffe) + 1} OPTIONS`],
          ['Accept', 'application/sdp'],
        ],
      });
    },
    isAnswer(response) {
      if (branch === '') return false;
      const via = firstHeader(response, Header.via);
      return via >= 0 && response.head.slice(headerValueStart(response, via), headerValueEnd(response, via)).includes(branch);
    },
  };
}

/** What a peer is called when it is asked for a sign of life. */
export function probedName({ source, facts: { certificate } }: ConnectionName): string {
  const [name = source] = certificate === undefined ? [] : sipNames(certificate);
  return name;
}
