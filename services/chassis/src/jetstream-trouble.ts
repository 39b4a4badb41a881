import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Why JetStream did not do something: somebody else was first, there is no server to ask, or something else. */
export type JetStreamTrouble = 'conflict' | 'unavailable' | 'failed';

/** Which of the three an error of the library is. */
export function jetStreamTrouble(thrown: unknown): JetStreamTrouble {
  if (thrown instanceof JetStreamApiError) {
    const conflict: readonly number[] = [JetStreamApiCodes.StreamWrongLastSequence, JetStreamApiCodes.StreamWrongLastSequenceUnknown];
    return conflict.includes(thrown.code) ? 'conflict' : 'failed';
  }
  const away =
    thrown instanceof errors.TimeoutError ||
    thrown instanceof errors.NoRespondersError ||
    thrown instanceof errors.RequestError ||
    thrown instanceof errors.ClosedConnectionError ||
    thrown instanceof errors.DrainingConnectionError;
  return away ? 'unavailable' : 'failed';
}

/** JetStream's error code for "subjects overlap with an existing stream". */
const subjectsOverlap = 10_065;
/** Instances that start together make a stream within this of each other, ms. */
const settleMs = 150;
const tries = 10;

/**
 * Makes a stream that several instances may make at the same moment. COMPAT nats-server 2.9: of two that make the same stream at once,
 * one may be told that it overlaps with the other's, or be left with a stream that the other's has taken the place of. So whoever finds
 * none makes one, waits until everybody who did the same is through, and looks again.
 */
export async function makeSettled<T>(look: () => Promise<unknown>, make: () => Promise<T>): Promise<T> {
  const there = await look().then(
    () => true,
    () => false,
  );
  for (let left = tries; ; left -= 1) {
    try {
      const made = await make();
      if (there) return made;
      await pause(settleMs);
      return await make();
    } catch (thrown) {
      if (left === 0 || !(thrown instanceof JetStreamApiError) || thrown.code !== subjectsOverlap) throw thrown;
      await pause(settleMs);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
