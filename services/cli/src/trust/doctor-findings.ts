import { type CloseReason, closeReasons } from '@guildhall/proto/reason';
import { factLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';

/** What a look at one thing brought. */
export interface Finding {
  /** What was looked at: "certificate", "network", "hub certificate", "handshake", "OPTIONS", "the hub says". */
  readonly step: string;
  readonly state: 'good' | 'problem' | 'unknown';
  /** A sentence without its full stop. May hold texts of others. */
  readonly said: string;
  /** What to do, with a problem. */
  readonly cure?: string;
  /** The code under which the hub refuses it. */
  readonly reason?: CloseReason;
  /** Details under the sentence. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

/** A problem for which the hub has a code. `detail` says what exactly it is about. */
export function problem(step: string, reason: CloseReason, detail: string): Finding {
  const { about, cure } = closeReasons[reason];
  return { step, state: 'problem', said: `${about.replace(/\.$/, '')}${detail === '' ? '' : ` (${detail})`}`, cure, reason };
}

/** Whether a code of elsewhere is one of the closed list. */
export function isCloseReason(code: string): code is CloseReason {
  return Object.hasOwn(closeReasons, code);
}

const styles = { good: 'green', problem: 'red', unknown: 'yellow' } as const;
const longest = 600;

/** The lines of one finding. */
export function findingLines({ step, state, said, cure, reason, facts = [] }: Finding, terminal: World['terminal']): string[] {
  const color = terminal.colorOut;
  const code = reason === undefined ? '' : `  [${reason}]`;
  return [
    `${styled(state.padEnd(7), styles[state], color)} ${styled(step.padEnd(15), 'cyan', color)} ${terminalText(said, longest)}${code}`,
    ...(cure === undefined ? [] : [`        ${styled('cure:', 'bold', color)} ${terminalText(cure, longest)}`]),
    ...factLines(facts, color).map((line) => `      ${line}`),
  ];
}
