/** How a program of ours ends: 1 failed, 2 used wrongly (arguments, configuration), 3 something it needs is missing, 4 a check found problems. */
export type ExitCode = 1 | 2 | 3 | 4;

/** What belongs to a fault besides its message. */
export interface FaultDetail {
  /** One line that tells an operator what to do about it. */
  cure: string;
  /** Default 1. */
  exitCode?: ExitCode;
  /** What it was made from; goes to the log, never to a terminal. */
  cause?: unknown;
}

/**
 * A failure that an operator caused or can cure. Its message and its cure are written for that person: no stack, no
 * secret, no bytes of a peer. `code` is a short stable word in kebab-case for machines.
 */
export class Fault extends Error {
  readonly code: string;
  readonly cure: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, detail: FaultDetail) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'Fault';
    this.code = code;
    this.cure = detail.cure;
    this.exitCode = detail.exitCode ?? 1;
  }
}

/** Any thrown value as a Fault: a Fault as it is, everything else as code `unexpected` with the value as its cause. */
export function faultFrom(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error && thrown.message !== '' ? thrown.message : String(thrown);
  return new Fault('unexpected', message, {
    cure: 'this should not happen: please report it together with the log',
    cause: thrown,
  });
}

/** A fault as the terminal shows it: "guildhall: <message>" and an indented "cure: <cure>", no trailing line end. */
export function renderFault(fault: Fault): string {
  return `guildhall: ${fault.message}\n  cure: ${fault.cure}`;
}
