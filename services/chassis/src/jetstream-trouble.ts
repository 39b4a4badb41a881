import { JetStreamApiCodes, JetStreamApiError, type StreamInfo } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Why JetStream did not do something: somebody else was first, there is no server to ask, there is no room left, or something else. */
export type JetStreamTrouble = 'conflict' | 'unavailable' | 'full' | 'failed';

/** JetStream's error codes for want of room: a limit of the server, of the account or of the stream, or the disk itself. */
const noRoom: readonly number[] = [10_002, 10_023, 10_028, 10_047, 10_077];

/** Which of the four an error of the library is. */
export function jetStreamTrouble(thrown: unknown): JetStreamTrouble {
  if (thrown instanceof JetStreamApiError) {
    const conflict: readonly number[] = [JetStreamApiCodes.StreamWrongLastSequence, JetStreamApiCodes.StreamWrongLastSequenceUnknown];
    if (conflict.includes(thrown.code)) return 'conflict';
    return noRoom.includes(thrown.code) ? 'full' : 'failed';
  }
  const away =
    // COMPAT nats-server 2.9: it switches its JetStream off when a write fails for want of room. The library keeps the class to itself.
    (thrown instanceof Error && thrown.name === 'JetStreamNotEnabled') ||
    thrown instanceof errors.TimeoutError ||
    thrown instanceof errors.NoRespondersError ||
    thrown instanceof errors.RequestError ||
    thrown instanceof errors.ClosedConnectionError ||
    thrown instanceof errors.DrainingConnectionError;
  return away ? 'unavailable' : 'failed';
}

/** What is said of JetStream while it does not keep anything; '' for what is no trouble of its own. */
export function troubleText(trouble: JetStreamTrouble): string {
  switch (trouble) {
    case 'unavailable':
      return 'JetStream of NATS does not answer: it may be off, without a leader, or its disk full';
    case 'full':
      return 'JetStream of NATS has no room left';
    case 'conflict':
    case 'failed':
      return '';
  }
}

/** JetStream's error codes for "subjects overlap with an existing stream", and for a cluster without a leader or servers that have reported yet. */
const passing: readonly number[] = [10_065, 10_008, 10_009, 10_005];
/** Instances that start together make a stream within this of each other, ms. */
const settleMs = 150;
const tries = 20;
/** How long a stream may take to get a leader, ms. nats-server 2.9 needs 4 to 9 s when the first candidate does not get enough votes. */
const leaderMs = 20_000;

/**
 * Makes a stream that several instances may make at the same moment. COMPAT nats-server 2.9: of two that make the same stream at once,
 * one may be told that it overlaps with the other's, or be left with a stream that the other's has taken the place of. So whoever finds
 * none makes one, waits until everybody who did the same is through, and looks again. In a cluster it also waits until the stream's servers
 * have chosen a leader (`led`), 20 s at most: what is published before that is never answered.
 */
export async function makeSettled<T>(look: () => Promise<unknown>, make: () => Promise<T>, led: (made: T) => Promise<boolean>): Promise<T> {
  const made = await makeOnce(look, make);
  const end = performance.now() + leaderMs;
  // Without a connection nobody will tell, and whoever uses the stream learns that by itself.
  const known = (thrown: unknown) => !(thrown instanceof errors.TimeoutError) && !(thrown instanceof JetStreamApiError);
  while (!(await led(made).catch(known)) && performance.now() < end) await pause(settleMs);
  return made;
}

/**
 * Calls of a stream that was just opened: until the first has succeeded, those that find nobody are tried again, 20 s at most, since its
 * servers may be busy with what others store at a start. All that is done with a stream then stands a second try: every write names what it
 * builds on.
 */
export function untilThere(): <T>(call: () => Promise<T>) => Promise<T> {
  const end = performance.now() + leaderMs;
  let there = false;
  return async (call) => {
    for (;;) {
      try {
        const result = await call();
        there = true;
        return result;
      } catch (thrown) {
        const over = thrown instanceof errors.ClosedConnectionError || thrown instanceof errors.DrainingConnectionError;
        if (there || over || performance.now() > end || jetStreamTrouble(thrown) !== 'unavailable') throw thrown;
        await pause(settleMs);
      }
    }
  };
}

/** Whether somebody leads a stream: always where it is on one server outside of a cluster. */
export function isLed({ cluster }: StreamInfo): boolean {
  return cluster === undefined || (cluster.leader ?? '') !== '';
}

async function makeOnce<T>(look: () => Promise<unknown>, make: () => Promise<T>): Promise<T> {
  const there = await look().then(
    () => true,
    () => false,
  );
  const end = performance.now() + leaderMs;
  for (let left = tries; ; left -= 1) {
    try {
      const made = await make();
      if (there) return made;
      await pause(settleMs);
      return await make();
    } catch (thrown) {
      // A question that met the election of a leader is not answered.
      const later = thrown instanceof errors.TimeoutError && performance.now() < end;
      const soon = left > 0 && thrown instanceof JetStreamApiError && passing.includes(thrown.code);
      if (!later && !soon) throw thrown;
      await pause(settleMs);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
