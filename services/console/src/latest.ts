import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addFrames } from '@guildhall/proto/traffic/sums';
import { cutFrame } from './fold/frame.js';

/** Hands the frames to whoever watches. */
export interface Latest {
  /** A frame that was just made; `full` makes the same one with everybody in it. */
  tell(frame: TrafficFrame, full: () => TrafficFrame): void;
  /**
   * A full frame at once, if there ever was one, then each as it comes. Who pulls late gets those that came meanwhile added up in one, so that no
   * count is missing. Ends with the signal.
   */
  watch(members: readonly string[], signal: AbortSignal): AsyncIterable<TrafficFrame>;
}

interface Watcher {
  waiting: TrafficFrame | undefined;
  /** Frames of which the first has to be a full one. */
  begun: boolean;
  wake: (() => void) | undefined;
}

/** `changed` is told of each one who begins (1) and ends (-1) to watch. */
export function createLatest(changed: (by: 1 | -1) => void): Latest {
  const watchers = new Set<Watcher>();
  let last: (() => TrafficFrame) | undefined;

  const give = (watcher: Watcher, frame: TrafficFrame): void => {
    watcher.waiting = watcher.waiting === undefined ? frame : addFrames(watcher.waiting, frame);
    watcher.wake?.();
  };

  return {
    tell(frame, full) {
      let made: TrafficFrame | undefined;
      const fullOnce = (): TrafficFrame => {
        made ??= full();
        return made;
      };
      // Made anew for each who begins to watch: reports that came since are in it.
      last = full;
      for (const watcher of watchers) {
        give(watcher, watcher.begun ? frame : fullOnce());
        watcher.begun = true;
      }
    },
    async *watch(members, signal) {
      const wanted = new Set(members);
      const watcher: Watcher = { waiting: last?.(), begun: last !== undefined, wake: undefined };
      const end = (): void => watcher.wake?.();
      signal.addEventListener('abort', end);
      watchers.add(watcher);
      changed(1);
      try {
        while (!signal.aborted) {
          const frame = watcher.waiting;
          watcher.waiting = undefined;
          if (frame !== undefined) yield cutFrame(frame, wanted);
          else await new Promise<void>((resolve) => (watcher.wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', end);
        watchers.delete(watcher);
        changed(-1);
      }
    },
  };
}
