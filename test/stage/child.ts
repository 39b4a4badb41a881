import { fork, type SerializationType } from 'node:child_process';

/** A process of ours that obeys orders over IPC, one at a time. `O` are its orders, `A` its answers, told apart by `kind`. */
export interface Child<O, A extends { readonly kind: string }> {
  readonly pid: number;
  /** Gives an order and resolves with the answer of the kind that is due. Rejects when the child says why not, or has ended. */
  order<K extends A['kind']>(order: O, expected: K): Promise<Extract<A, { kind: K }>>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void;
}

/** What a child says when it cannot obey. */
export interface Failure {
  readonly kind: 'failed';
  readonly why: string;
}

/** Starts `script`, a file of ours that calls `obeyOrders`; it ends with this process at the latest. `name` is for error messages. */
export function startChild<O extends { readonly kind: string }, A extends { readonly kind: string }>(
  script: string,
  name: string,
  serialization: SerializationType = 'json',
): Child<O, A> {
  const child = fork(script, [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  return {
    pid: child.pid ?? 0,
    ended,
    signal: (signal) => void child.kill(signal),
    order(order, expected) {
      return new Promise((resolve, reject) => {
        const done = (): void => {
          child.off('message', answered);
          child.off('exit', gone);
          child.off('error', reject);
        };
        const gone = (): void => {
          done();
          reject(new Error(`${name} ended while it was to ${order.kind}`));
        };
        // Compiled together with the child: it says nothing else.
        const answered = (answer: A): void => {
          done();
          if (isKind(answer, expected)) resolve(answer);
          else reject(new Error(`${name}: ${isFailure(answer) ? answer.why : `said ${answer.kind}`}`));
        };
        child.on('message', answered);
        child.once('exit', gone);
        child.once('error', reject);
        if (!child.connected) gone();
        else child.send(order);
      });
    },
  };
}

/** In the child: answers every order with what `obey` resolves to, or why it rejected. Ends with its parent; Ctrl-C is the parent's. */
export function obeyOrders<O, A>(obey: (order: O) => Promise<A>): void {
  process.on('message', (order: O) => {
    obey(order).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ kind: 'failed', why: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGINT', () => {});
}

function isKind<A extends { readonly kind: string }, K extends A['kind']>(answer: A, kind: K): answer is Extract<A, { kind: K }> {
  return answer.kind === kind;
}

function isFailure(answer: { readonly kind: string }): answer is Failure {
  return answer.kind === 'failed';
}
