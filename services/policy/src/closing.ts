/** What is open and has to be closed, last opened first. */
export interface Closing {
  add(close: () => void | Promise<void>): void;
  /** Closes everything, each once, however often it is called; what cannot be closed keeps nothing else from being closed. */
  run(): Promise<void>;
}

/** `failed` is told of each error that closing met; `run` never rejects. */
export function createClosing(failed: (thrown: unknown) => void): Closing {
  const open: (() => void | Promise<void>)[] = [];
  return {
    add(close) {
      open.push(close);
    },
    async run() {
      for (let close = open.pop(); close !== undefined; close = open.pop()) {
        try {
          await close();
        } catch (thrown) {
          failed(thrown);
        }
      }
    },
  };
}
