import { parseCSeq } from '@guildhall/proto/sip/cseq';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import { writeAck } from '@guildhall/proto/sip/request';
import { parseVia } from '@guildhall/proto/sip/via';
import type { Exchange, Ongoing } from './sample-exchange.js';
import type { SampleWire } from './sample-wire.js';

/** Requests that wait for their final response, by branch and method (RFC 3261 17.1.3). */
export interface Exchanges {
  /** Counts a request that was just written to `wire` as under way. `wait` is in ms. */
  begin(request: Message, wire: SampleWire, wait: number): Omit<Ongoing, 'cancel'>;
  /** Takes a response to whoever waits for it. False: nobody does. */
  response(message: Message): boolean;
  /** A wire is gone: what waits on it fails. */
  lost(wire: SampleWire, error: string): void;
}

interface Waiting {
  readonly request: Message;
  readonly wire: SampleWire;
  readonly responses: Message[];
  readonly began: number;
  readonly timer: NodeJS.Timeout;
  settle(final: Message | undefined, failure: string | undefined): void;
}

/** Branch of the topmost Via and method of CSeq, as one key. Throws SipError where they cannot be read. */
function keyOf(message: Message): string {
  const via = firstHeader(message, Header.via);
  const cseq = firstHeader(message, Header.cseq);
  const { branch } = parseVia(message.head, headerValueStart(message, via), headerValueEnd(message, via));
  return `${branch} ${parseCSeq(message.head, headerValueStart(message, cseq), headerValueEnd(message, cseq)).method}`;
}

/** `clock` is monotonic ms; `acknowledged` hears of every ACK that was written by itself. */
export function createExchanges(clock: () => number, acknowledged: (ack: string, wire: SampleWire) => void): Exchanges {
  const waiting = new Map<string, Waiting>();

  function begin(request: Message, wire: SampleWire, wait: number): Omit<Ongoing, 'cancel'> {
    const key = keyOf(request);
    const responses: Message[] = [];
    const began = clock();
    const done = new Promise<Exchange>((resolve) => {
      const timer = setTimeout(() => waiting.get(key)?.settle(undefined, `no final response within ${wait} ms`), wait);
      waiting.set(key, {
        request,
        wire,
        responses,
        began,
        timer,
        settle(final, failure) {
          clearTimeout(timer);
          waiting.delete(key);
          resolve({ request, responses, final, failure, took: clock() - began });
        },
      });
    });
    return { request, responses, done };
  }

  function response(message: Message): boolean {
    const found = waiting.get(keyOf(message));
    if (found === undefined) return false;
    found.responses.push(message);
    if (message.status < 200) return true;
    // RFC 3261 17.1.1.3: the ACK of a non-2xx belongs to the transaction; that of a 2xx to the user.
    if (found.request.method === 'INVITE' && message.status >= 300) acknowledged(writeAck(found.request, message), found.wire);
    found.settle(message, undefined);
    return true;
  }

  return {
    begin,
    response,
    lost(wire, error) {
      for (const found of [...waiting.values()]) if (found.wire === wire) found.settle(undefined, error);
    },
  };
}
