import { fork } from 'node:child_process';
import { join } from 'node:path';
import { checkoutRoot } from '../stage/checkout.js';
import type { Answer, Order } from './load-protocol.js';

/** A process of the load generator. */
export interface LoadChild {
  readonly pid: number;
  /** Gives an order and resolves with the answer of the kind that is due. Rejects when the child says why not, or has ended. */
  order<K extends Answer['kind']>(order: Order, expected: K): Promise<Extract<Answer, { kind: K }>>;
  close(): void;
}

/** Starts a process of the load generator; it ends with this one at the latest. Orders are given one at a time. */
export function startLoadChild(): LoadChild {
  const child = fork(join(checkoutRoot(), 'test/dist/bench/load-main.js'), [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    pid: child.pid ?? 0,
    order(order, expected) {
      return new Promise((resolve, reject) => {
        const done = (): void => {
          child.off('message', answered);
          child.off('exit', ended);
          child.off('error', reject);
        };
        const ended = (): void => {
          done();
          reject(new Error(`the load generator ended while it was to ${order.kind}`));
        };
        // Compiled together with the child: it says nothing else.
        const answered = (answer: Answer): void => {
          done();
          if (isKind(answer, expected)) resolve(answer);
          else reject(new Error(answer.kind === 'failed' ? answer.why : `the load generator said ${answer.kind}`));
        };
        child.on('message', answered);
        child.once('exit', ended);
        child.once('error', reject);
        child.send(order);
      });
    },
    close: () => {
      child.kill('SIGKILL');
    },
  };
}

function isKind<K extends Answer['kind']>(answer: Answer, kind: K): answer is Extract<Answer, { kind: K }> {
  return answer.kind === kind;
}
