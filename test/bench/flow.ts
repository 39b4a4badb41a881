import {
  createDialogQueue,
  createDialogTemplates,
  createHangUpTemplate,
  createInviteTemplate,
  createSubscribeTemplate,
  type Talk,
} from './dialog-template.js';
import { messageBytes } from './load-protocol.js';
import type { Pattern } from './patterns.js';
import { createRequestTemplate, type RequestTemplate } from './request-template.js';
import type { ResponseSink } from './response-scan.js';
import type { Tally } from './tally.js';

/** What one run makes of its answers. */
export interface Flow extends ResponseSink {
  /** What must follow now on the connection whose answers were just read. */
  due(): Buffer | undefined;
  /** A NOTIFY about number `number` came in. */
  notified(number: number): void;
  /** Before the tally is read. */
  finish(): void;
}

/** What a run begins, and how it goes on. */
export interface Play {
  readonly beginning: RequestTemplate;
  /** @param first the first number of a run of `count` */
  flow(tally: Tally, first: number, count: number): Flow;
}

/** What to play for a pattern: MESSAGEs without one. */
export function playOf(pattern: Pattern | undefined, talk: Talk): Play {
  const { from, to, run } = talk;
  switch (pattern?.kind) {
    case 'calls': {
      const templates = createDialogTemplates(true, (path) => createHangUpTemplate(talk, path));
      return {
        beginning: createInviteTemplate(talk),
        flow: (tally, first, count) => callFlow(tally, first, count, createDialogQueue(templates)),
      };
    }
    case 'presence':
      return { beginning: createSubscribeTemplate(talk), flow: subscriptionFlow };
    case 'fan-out': {
      const { members, run: inRow } = pattern;
      return { beginning: createRequestTemplate(from, { kind: 'many', members, run: inRow }, run, messageBytes), flow: plainFlow };
    }
    default:
      return { beginning: createRequestTemplate(from, to, run, messageBytes), flow: plainFlow };
  }
}

function plainFlow(tally: Tally): Flow {
  return { response: tally.response, broken: tally.broken, due: () => undefined, notified: tally.stray, finish: () => {} };
}

/** Where a call stands. */
const [called, rung, answered] = [0, 1, 2];

/** A call is over when its BYE is answered. */
function callFlow(tally: Tally, first: number, count: number, queue: ReturnType<typeof createDialogQueue>): Flow {
  const stages = new Uint8Array(count);
  let silent = 0;
  return {
    response(status, number, text, at, end) {
      const index = number - first;
      if (!(index >= 0 && index < count)) return tally.stray();
      if (status < 200) {
        if (status === 180 && stages[index] === called) stages[index] = rung;
        return;
      }
      // CSeq 1 is the INVITE, 2 the BYE.
      if (text.charCodeAt(text.indexOf(sequence, at) + sequence.length) !== 49) {
        if (stages[index] === answered) tally.response(status, number);
        else tally.stray();
        return;
      }
      if (stages[index] === answered) return tally.stray();
      if (stages[index] === called) silent += 1;
      stages[index] = answered;
      if (status === 200) queue.add(text, at, end);
      else tally.response(status, number);
    },
    broken: tally.broken,
    due: queue.take,
    notified: tally.stray,
    finish() {
      if (silent > 0) tally.trouble(`${silent} calls were answered without a 180`);
    },
  };
}

const sequence = '\r\nCSeq: ';

/** A subscription stands when its SUBSCRIBE is answered and its NOTIFY has come, in either order. */
function subscriptionFlow(tally: Tally, first: number, count: number): Flow {
  const halves = new Uint8Array(count);
  const take = (number: number, half: number): void => {
    const index = number - first;
    const before = halves[index];
    if (before === undefined || (before & half) !== 0) {
      tally.stray();
      return;
    }
    halves[index] = before | half;
    if ((before | half) === 3) tally.response(200, number);
  };
  return {
    response(status, number) {
      if (status < 200) return;
      if (status === 200) take(number, 1);
      else tally.response(status, number);
    },
    broken: tally.broken,
    due: () => undefined,
    notified: (number) => take(number, 2),
    finish: () => {},
  };
}
