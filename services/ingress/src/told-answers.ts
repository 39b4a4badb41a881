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

/** Reads them out of what left: dear, and so only for a relay that may have missed some. */
export function toldAnswers(payloads: Iterable<Uint8Array>): ToldAnswers {
  const answers = new Map<string, Buffer>();
  for (const payload of payloads) {
    for (const { wire, bytes } of readWires(payload)?.entries ?? []) {
      const answer = readMessage(bytes, roomyLimits);
      const key = answer instanceof SipError || answer.status < 200 ? undefined : keyOf(answer);
      if (key !== undefined) answers.set(`${wire} ${key}`, bytes);
    }
  }
  return {
    to(wire, request) {
      const key = keyOf(request);
      return key === undefined ? undefined : answers.get(`${wire} ${key}`);
    },
  };
}

/** What a request and its answers have in common. */
function keyOf(m: Message): string | undefined {
  const cseq = firstHeader(m, Header.cseq);
  const callId = firstHeader(m, Header.callId);
  if (firstHeader(m, Header.via) < 0 || cseq < 0 || callId < 0) return undefined;
  try {
    const { number, method } = parseCSeq(m, headerValueStart(m, cseq), headerValueEnd(m, cseq));
    return `${method} ${number} ${topVia(m).branch} ${headerValue(m, callId)}`;
  } catch (error) {
    if (error instanceof SipError) return undefined;
    throw error;
  }
}
