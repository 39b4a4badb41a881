import type { Member } from '../stage/member.js';

/** Messages that go on until they are stopped. */
export interface Traffic {
  /** Answered 200, and otherwise. */
  readonly counts: { good: number; readonly failed: string[] };
  /** Resolves once what is under way is answered. */
  stop(): Promise<void>;
}

/** Failures that are kept as text. */
const kept = 20;
/** A message unanswered for so long has failed, ms. */
const patience = 30_000;

/** Lets `sender` say MESSAGEs to `receiver`, so many at a time; the receiver answers each 200. */
export function startTraffic(sender: Member, receiver: Member, lanes: number): Traffic {
  const counts = { good: 0, failed: [] as string[] };
  let stopped = false;
  const fail = (why: string): void => {
    if (counts.failed.length < kept) counts.failed.push(why);
  };
  const lane = async (): Promise<void> => {
    while (!stopped) {
      const said = sender.say('MESSAGE', `sip:bob@${receiver.domain}`);
      const final = sender.hearFinal(said, patience);
      try {
        const heard = await receiver.hearUnless(said, final);
        if (heard !== undefined) receiver.answer(heard, 200);
        const { status } = await final;
        if (status === 200) counts.good += 1;
        else fail(`${sender.id} to ${receiver.id}: ${status}`);
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
    }
  };
  const running = Array.from({ length: lanes }, lane);
  return {
    counts,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
