import { Fault } from '@guildhall/chassis/fault';
import { didYouMean } from '@guildhall/proto/community/near-miss';
import { type CloseReason, closeReasons, type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { Command } from 'commander';
import { tableLines } from '../table.js';
import { styled, type World } from '../world.js';

interface ReasonOptions {
  readonly json?: true;
}

/** A reason as people look it up: of a refused request, or of a closed connection. */
interface KnownReason {
  readonly code: ReasonCode | CloseReason;
  readonly kind: 'request' | 'connection';
  /** SIP status; 0: none is sent. */
  readonly status: number;
  /** Number in ms-diagnostics-public; 0: none. */
  readonly diagnostics: number;
  readonly about: string;
  readonly cure: string;
}

function keysOf<Table extends object>(table: Table): (keyof Table)[] {
  const keys: (keyof Table)[] = [];
  for (const key in table) keys.push(key);
  return keys;
}

/** Every reason of the table, requests first. */
export function knownReasons(): KnownReason[] {
  return [
    ...keysOf(reasons).map((code): KnownReason => ({ code, kind: 'request', ...reasons[code] })),
    ...keysOf(closeReasons).map((code): KnownReason => ({ code, kind: 'connection', status: 0, diagnostics: 0, ...closeReasons[code] })),
  ];
}

function numberText(number: number): string {
  return number === 0 ? '' : String(number);
}

/** `guildhall reason list`: every code for which the hub refuses, fails or closes. */
function listReasons({ json }: ReasonOptions, { terminal }: World): number {
  const known = knownReasons();
  if (json) {
    terminal.out(JSON.stringify({ ok: true, reasons: known }));
    return 0;
  }
  const columns = [
    { title: 'CODE', text: ({ code }: KnownReason) => code },
    { title: 'OF', text: ({ kind }: KnownReason) => kind },
    { title: 'STATUS', text: ({ status }: KnownReason) => numberText(status) },
    { title: 'MS', text: ({ diagnostics }: KnownReason) => numberText(diagnostics) },
    { title: 'ABOUT', text: ({ about }: KnownReason) => about },
  ];
  for (const line of tableLines(columns, known, 'There are none.', terminal)) terminal.out(line);
  return 0;
}

/** `guildhall reason show CODE`: what one code means and what to do. Throws a Fault for one that there is not. */
function showReason(code: string, { json }: ReasonOptions, { terminal }: World): number {
  const known = knownReasons();
  const found = known.find((reason) => reason.code === code);
  if (found === undefined) {
    const codes = known.map((reason) => reason.code);
    throw new Fault('no-such-reason', `there is no reason ${code.slice(0, 80)}${didYouMean(code, codes)}`, {
      cure: 'guildhall reason list shows them all',
      exitCode: 2,
    });
  }
  if (json) {
    terminal.out(JSON.stringify({ ok: true, ...found }));
    return 0;
  }
  const { kind, status, diagnostics, about, cure } = found;
  terminal.out(`${styled(code, 'bold', terminal.colorOut)}  ${about}`);
  terminal.out(`  cure    ${cure}`);
  if (kind === 'connection') terminal.out('  seen    the connection is closed before SIP; guildhall refusals lists such connections');
  else if (status > 0) terminal.out(`  seen    SIP ${status}, with the code and a sentence in Reason and Warning`);
  else terminal.out('  seen    in explanations and logs; nothing is refused');
  if (diagnostics > 0) terminal.out(`  number  ${diagnostics} in ms-diagnostics-public, for members of the dialect microsoft`);
  return 0;
}

/** Adds `reason` to the command line. */
export function addReasons(program: Command, world: World, ends: (code: number) => void): void {
  const reason = program
    .command('reason')
    .summary('what the codes in refusals mean')
    .description('Explains the codes for which the hub refuses, fails or closes. They stand in answers, logs, figures and explanations.')
    .addHelpText('after', '\nExamples:\n  guildhall reason list\n  guildhall reason show denied-by-rule');
  reason
    .command('list')
    .summary('every code')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  guildhall reason list --json | jq .reasons')
    .action((options: ReasonOptions) => ends(listReasons(options, world)));
  reason
    .command('show')
    .summary('one code, and what to do')
    .argument('<code>', 'the code, such as denied-by-rule')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  guildhall reason show denied-by-rule')
    .action((code: string, options: ReasonOptions) => ends(showReason(code, options, world)));
}
