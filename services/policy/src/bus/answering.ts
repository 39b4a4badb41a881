import type { Bus } from '@guildhall/chassis/bus';
import { answerQuestions, type QuestionListener, type Sources } from './questions.js';

/** Whether this instance takes questions. While it does not, NATS gives them to another, or tells the asker that there is none. */
export interface Answering {
  set(able: boolean): void;
  /** Resolves once what was given to this instance before `set(false)` is answered. */
  finished(): Promise<void>;
}

/** Takes no questions until `set(true)`. */
export function createAnswering(bus: Bus, sources: Sources, listener: QuestionListener): Answering {
  let stop: (() => Promise<void>) | undefined;
  let stopping: Promise<void> = Promise.resolve();
  return {
    set(able) {
      if (able) {
        stop ??= answerQuestions(bus, sources, listener);
      } else {
        if (stop !== undefined) stopping = stop();
        stop = undefined;
      }
    },
    finished: () => stopping,
  };
}
