import { errors, headers, type NatsConnection } from '@nats-io/transport-node';
import { BusError } from './bus-error.js';

/** W3C Trace Context. */
export const traceHeader = 'traceparent';

/** Requests over one connection to NATS, of which those without an answer are known. */
export interface Questions {
  /** Asks, and rejects with a BusError: `no-responders`, `timeout`, `disconnected` (at once when not `up`) or `failed`. `trace` is a `traceparent` or ''. */
  ask(up: boolean, subject: string, payload: Uint8Array, timeoutMs: number, trace: string): Promise<Uint8Array>;
  /** The connection was lost: whoever waits is told at once (`disconnected`). */
  lost(): void;
}

/** Knows the requests of this connection. */
export function createQuestions(connection: NatsConnection): Questions {
  const unanswered = new Set<(reason: BusError) => void>();
  return {
    ask(up, subject, payload, timeoutMs, trace) {
      if (!up) return Promise.reject(new BusError('disconnected', 'there is no connection to NATS'));
      return new Promise((resolve, reject) => {
        const refuse = (reason: BusError): void => {
          unanswered.delete(refuse);
          reject(reason);
        };
        unanswered.add(refuse);
        const options = trace === '' ? { timeout: timeoutMs } : { timeout: timeoutMs, headers: traceHeaders(trace) };
        connection.request(subject, payload, options).then(
          (message) => {
            unanswered.delete(refuse);
            resolve(message.data);
          },
          (thrown: unknown) => refuse(requestError(thrown, subject)),
        );
      });
    },
    lost() {
      for (const reject of [...unanswered]) reject(new BusError('disconnected', 'the connection to NATS was lost'));
    },
  };
}

function traceHeaders(trace: string) {
  const made = headers();
  made.set(traceHeader, trace);
  return made;
}

function requestError(thrown: unknown, subject: string): BusError {
  if (thrown instanceof errors.TimeoutError) return new BusError('timeout', `no answer on ${subject} in time`, thrown);
  const noResponders = thrown instanceof errors.NoRespondersError || (thrown instanceof errors.RequestError && thrown.isNoResponders());
  if (noResponders) return new BusError('no-responders', `nobody answers on ${subject}`, thrown);
  return new BusError('failed', `the request on ${subject} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
}
