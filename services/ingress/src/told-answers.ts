import { parseCSeq } from '@guildhall/proto/sip/cseq';
import { Header } from '@guildhall/proto/sip/header-name';
import { roomyLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValue, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import { readMessage } from '@guildhall/proto/sip/read-message';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { topVia } from './transactions.js';
import { readWires } from './wires.js';

/** Final answers that left for wires lately. */
export interface ToldAnswers {
  /** The answer to a request that came on this wire, whole. */
  to(wire: string, request: Message): Buffer | undefined;
}

/** The same for each subject that they left on. */
export interface ToldLately {
  on(subject: string): ToldAnswers;
  /** Lets go of what nobody asked for lately. */
  tidy(): void;
}

/** What was read of a subject. */
interface Reading {
  readonly answers: Map<string, Buffer>;
  /** How many payloads were, and the last. */
  count: number;
  last: Uint8Array | undefined;
  usedAt: number;
}

/** A relay that says much again says it in many batches, one soon after the other, ms. */
const readingTime = 5000;

/**
 * Reads them out of what left: dear, and so only for a relay that may have missed some, and each payload once however many batches ask for them.
 * `kept` is what left lately on a subject, oldest first; `clock` is monotonic ms.
 */
export function createToldLately(kept: (subject: string) => readonly Uint8Array[], clock: () => number): ToldLately {
  const readings = new Map<string, Reading>();
  return {
    on(subject) {
      const payloads = kept(subject);
      let reading = readings.get(subject);
      const known = reading?.last === undefined ? -1 : payloads.lastIndexOf(reading.last);
      // Begun anew where most of what was read is kept no more.
      if (reading === undefined || known < 0 || reading.count > 2 * payloads.length) {
        reading = { answers: new Map(), count: 0, last: undefined, usedAt: 0 };
        readings.set(subject, reading);
      }
      for (const payload of payloads.slice(reading.last === undefined ? 0 : known + 1)) {
        read(payload, reading.answers);
        reading.count += 1;
        reading.last = payload;
      }
      reading.usedAt = clock();
      return answersIn(reading.answers);
    },
    tidy() {
      if (readings.size === 0) return;
      const now = clock();
      for (const [subject, { usedAt }] of readings) if (now - usedAt > readingTime) readings.delete(subject);
    },
  };
}

function answersIn(answers: ReadonlyMap<string, Buffer>): ToldAnswers {
  return {
    to(wire, request) {
      const key = keyOf(request);
      return key === undefined ? undefined : answers.get(`${wire} ${key}`);
    },
  };
}

function read(payload: Uint8Array, answers: Map<string, Buffer>): void {
  for (const { wire, bytes } of readWires(payload)?.entries ?? []) {
    const answer = readMessage(bytes, roomyLimits);
    const key = answer instanceof SipError || answer.status < 200 ? undefined : keyOf(answer);
    if (key !== undefined) answers.set(`${wire} ${key}`, bytes);
  }
}

/** What a request and its answers have in common (RFC 3261 17.2.3); for a branch of RFC 2543, which is not unique, more. */
function keyOf(m: Message): string | undefined {
  const cseq = firstHeader(m, Header.cseq);
  const callId = firstHeader(m, Header.callId);
  if (firstHeader(m, Header.via) < 0 || cseq < 0 || callId < 0) return undefined;
  try {
    const { number, method } = parseCSeq(m, headerValueStart(m, cseq), headerValueEnd(m, cseq));
    const { host, port, branch } = topVia(m);
    const key = `${method} ${host}:${port} ${branch}`;
    return branch.startsWith('z9hG4bK') ? key : `${key} ${number} ${headerValue(m, callId)}`;
  } catch (error) {
    if (error instanceof SipError) return undefined;
    throw error;
  }
}
