/** Waiting for reports of all who are there. */
export interface Hearing {
  /** A report was heard. */
  heard(): void;
  /** Resolves once nobody is unheard of, after a while at most, or with the signal. */
  all(signal: AbortSignal): Promise<void>;
}

/** Instances report every second: who did not for so long does not make others wait any longer, ms. */
const longestWait = 2000;

/** `unheard`: who is there and has not reported yet. */
export function createHearing(unheard: () => readonly string[], most = longestWait): Hearing {
  const waiting = new Set<() => void>();
  return {
    heard() {
      if (waiting.size > 0 && unheard().length === 0) for (const go of waiting) go();
    },
    async all(signal) {
      if (signal.aborted || unheard().length === 0) return;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          clearTimeout(late);
          signal.removeEventListener('abort', go);
          waiting.delete(go);
          resolve();
        };
        const late = setTimeout(go, most);
        signal.addEventListener('abort', go);
        waiting.add(go);
      });
    },
  };
}
