import { once } from 'node:events';
import type { Line } from './line.js';
import type { Member } from './member.js';

/** A member that keeps sending, and what came of it. */
export interface Pump {
  /** Statuses of final answers by Call-ID. */
  readonly finals: ReadonlyMap<string, number>;
  /** Call-IDs of those whose line ended before. */
  readonly died: ReadonlySet<string>;
  /** Resolves when so many more final answers are there. */
  more(count: number): Promise<void>;
  /** Sends nothing more, and resolves when everything is answered or has died. */
  stop(): Promise<void>;
}

/**
 * Lets a member send MESSAGEs to another, on `lanes` lines of its own, each one behind the answer of the one before. Whose line ends dials
 * the next of `ports` that takes it.
 */
export function pump(sender: Member, receiver: Member, ports: () => readonly number[], lanes = 4): Pump {
  const finals = new Map<string, number>();
  const died = new Set<string>();
  const answered = new EventTarget();
  let stopping = false;
  const dial = async (first: number): Promise<Line> => {
    for (let attempt = first; ; attempt += 1) {
      const all = ports();
      const port = all[attempt % all.length] ?? 0;
      try {
        return await sender.dial(port);
      } catch {
        // That one is away: the next may be there.
      }
    }
  };
  const run = async (lane: number): Promise<void> => {
    let line = await dial(lane);
    while (!stopping) {
      const said = sender.request('MESSAGE', `sip:bob@${receiver.domain}`);
      line.say(said.text);
      const final = await sender.hearFinalUnless(said, line.over);
      if (final === undefined) {
        died.add(said.callId);
        line = await dial(lane + 1);
      } else finals.set(said.callId, final.status);
      answered.dispatchEvent(new Event('final'));
    }
  };
  const running = Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  return {
    finals,
    died,
    async more(count) {
      const target = finals.size + count;
      while (finals.size < target) await once(answered, 'final');
    },
    async stop() {
      stopping = true;
      await running;
      // What the hub said while it waited itself: 100 to what took long.
      sender.forget();
    },
  };
}

/** A member that answers every MESSAGE with 200, copies too. */
export interface Answering {
  /** Call-IDs of what it answered. */
  readonly answered: ReadonlySet<string>;
}

/** Lets a member answer until it leaves the stage. */
export function answerAll(member: Member): Answering {
  const answered = new Set<string>();
  const long = 3_600_000;
  const run = async (): Promise<void> => {
    for (;;) {
      const request = await member.hear('MESSAGE', undefined, long);
      answered.add(request.header('call-id'));
      member.answer(request, 200);
    }
  };
  // It ends with the actor.
  run().catch(() => undefined);
  return { answered };
}
