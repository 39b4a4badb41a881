import type { Bus } from './bus.js';
import { BusError } from './bus-error.js';

/** When a question that nobody answered is asked again, as parts of its time: whoever got it may be dead, and another of its kind is there. */
const again = [1 / 4, 1 / 2] as const;

/** Where nobody at all takes questions, they come again so often, ms. */
const lonelyMs = 100;

/**
 * A question to whichever policy NATS picks, that stands the loss of the one who was picked: asked again while there is silence, and at
 * once when NATS is back where it is away; the first answer counts. Rejects with a BusError when `timeoutMs` is over, and at once with
 * `no-responders` when there is nobody. Not so after NATS was away, when policy may be on its way back, or with `whenAlone` 'wait', for what must
 * not fail because policy starts again: then it is asked again until its time is over. `trace`: a `traceparent` that goes with each question, or ''.
 */
export function askPolicy(
  bus: Pick<Bus, 'request' | 'connected' | 'onConnected'>,
  subject: string,
  payload: Uint8Array,
  timeoutMs: number,
  whenAlone: 'refuse' | 'wait' = 'refuse',
  trace = '',
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let left = timeoutMs;
    let under = 0;
    let patient = whenAlone === 'wait' || !bus.connected();
    let over = false;
    let timers: NodeJS.Timeout[] = [];
    let forget = (): void => undefined;

    const end = (): void => {
      over = true;
      for (const timer of timers) clearTimeout(timer);
      timers = [];
      forget();
    };
    const refused = (thrown: unknown): void => {
      under -= 1;
      // NATS was lost: asked again when it is back, if that is in time. Silence: another question may still be under way.
      const lost = thrown instanceof BusError && thrown.code === 'disconnected';
      patient ||= lost;
      if (over || lost) return;
      if (patient && thrown instanceof BusError && thrown.code === 'no-responders') {
        if (under === 0) timers.push(setTimeout(once, lonelyMs));
        return;
      }
      if (under > 0 && thrown instanceof BusError && thrown.code === 'timeout') return;
      end();
      reject(thrown);
    };
    const asked = (within: number): Promise<Uint8Array> =>
      trace === '' ? bus.request(subject, payload, within) : bus.request(subject, payload, within, trace);
    const once = (): void => {
      if (over || !bus.connected()) return;
      under += 1;
      asked(left).then((answer) => {
        if (over) return;
        end();
        resolve(answer);
      }, refused);
    };
    const later = (part: number): void => {
      timers.push(
        setTimeout(() => {
          left = timeoutMs * (1 - part);
          once();
        }, timeoutMs * part),
      );
    };

    for (const part of again) later(part);
    timers.push(
      setTimeout(() => {
        end();
        reject(new BusError('timeout', `no answer on ${subject} in time`));
      }, timeoutMs),
    );
    forget = bus.onConnected((up) => up && once());
    once();
  });
}
