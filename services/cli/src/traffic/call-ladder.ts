import type { ExplainStep } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { MessageHead } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { RoutingRecord } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { closeReasons, isReasonCode, reasons } from '@guildhall/proto/reason';
import { styled, terminalText } from '../world.js';
import { instantText, shortBytes, shortMs } from './figures.js';
import { askedText, routeText, statusStyle } from './record-line.js';

/** Everything that is known of a call. */
export interface Call {
  readonly records: readonly RoutingRecord[];
  readonly messages: readonly MessageHead[];
  /** How a request of these parties would be decided now; undefined: that was not asked. */
  readonly path?: { readonly steps: readonly ExplainStep[]; readonly sentence: string } | undefined;
}

/** Texts of a message are shown up to here: characters of a line, lines of a head. */
const longest = { line: 300, lines: 200 } as const;

/** The rungs of one record: who had it, and how long until the next did. */
interface Rung {
  readonly who: string;
  readonly name: string;
  /** What happened on the way to the next; undefined: there is none. */
  readonly next?: string;
}

function rungsOf(record: RoutingRecord): Rung[] {
  const back = `${record.status} ${record.answer === 'hub' ? 'by the hub' : `by ${record.target || 'the far side'}`}, ${shortBytes(record.answerBytes)}`;
  const sender: Rung = {
    who: 'sender',
    name: [record.peer, record.source].filter((text) => text !== '').join(' at '),
    next: record.kind === 'refused-handshake' ? 'TLS handshake' : `${askedText(record)}, ${shortBytes(record.requestBytes)}`,
  };
  const ingress = (next: string): Rung => ({ who: 'ingress', name: record.ingress, next });
  if (record.kind === 'refused-handshake') return [sender, { who: 'ingress', name: record.ingress }];
  const rule = record.rule === '' ? '' : `, by ${record.rule}`;
  const decided = record.decision > 0;
  const policy: Rung[] = decided ? [{ who: 'policy', name: `decided in ${shortMs(record.decision)}${rule}`, next: '' }] : [];
  if (record.relay === '' && record.tries === 0) {
    // Nobody else ever had it.
    return [
      sender,
      ingress(decided ? 'asked' : `${back}, after ${shortMs(record.total)}`),
      ...policy.map((rung) => ({ ...rung, next: `${back}, after ${shortMs(record.total)}` })),
    ];
  }
  const rest = Math.max(0, record.total - record.decision - record.linkWait - record.far);
  const tries = record.tries === 1 ? 'written once' : `written ${record.tries} times`;
  return [
    sender,
    ingress(decided ? 'asked' : 'knew the verdict already'),
    ...policy.map((rung) => ({ ...rung, next: 'forwarded' })),
    { who: 'relay', name: [record.relay, `waited ${shortMs(record.linkWait)}`].filter((text) => text !== '').join(', '), next: tries },
    {
      who: 'far',
      name: [record.target, record.link].filter((text) => text !== '').join(' at '),
      next: `${back}, after ${shortMs(record.far)}`,
    },
    { who: 'back', name: `ingress, the bus and the way back took ${shortMs(rest)}; in all ${shortMs(record.total)}` },
  ];
}

/** What the sender's operator should do, by the tables of reasons; '' of a code that a newer hub gave. */
function cureOf(code: string): string {
  if (isReasonCode(code)) return reasons[code].cure;
  return Object.entries(closeReasons).find(([name]) => name === code)?.[1].cure ?? '';
}

/** One record as a ladder. */
function recordLines(record: RoutingRecord, color: boolean): string[] {
  const safe = (text: string) => terminalText(text, longest.line);
  const dim = (text: string) => styled(text, 'dim', color);
  const status = record.kind === 'refused-handshake' ? 'refused' : String(record.status);
  const facts: (readonly [string, string])[] = [
    ['users', [record.fromUser, record.toUser].filter((text) => text !== '').join(' → ')],
    ['rule', record.decision > 0 ? '' : record.rule],
    ['code', record.code],
    ['why', record.sentence],
    ['cure', record.code === '' ? '' : cureOf(record.code)],
    ['copies', record.repeats > 0 ? `its sender sent it ${record.repeats} times more` : ''],
    ['trace', record.traceId === '' ? '' : `${record.traceId}${record.traced ? '' : ' (no spans were made)'}`],
    ['record', `${record.ingress} ${record.epoch} ${record.number}`],
  ];
  return [
    `${instantText(record.at)}  ${styled(safe(`${askedText(record)}  ${routeText(record)}`), 'bold', color)}  ${styled(status, statusStyle(record), color)}${record.inDialog ? dim('  within the dialog') : ''}`,
    ...rungsOf(record).flatMap(({ who, name, next }) => [
      `  ${styled(who.padEnd(8), 'cyan', color)} ${safe(name)}`.trimEnd(),
      ...(next === undefined || next === '' ? [] : [dim(`  ${' '.repeat(3)}│     ${safe(next)}`)]),
    ]),
    ...facts.filter(([, text]) => text !== '').map(([name, text]) => `  ${dim(name.padEnd(8))} ${safe(text)}`),
  ];
}

/** A kept message: where it was seen, then its head line by line. */
function headLines(message: MessageHead, color: boolean): string[] {
  const way = message.inbound ? 'from' : 'to';
  const where = `${way} ${message.member || '?'} (${message.source}) at ${message.ingress}, kept for ${message.why}`;
  const lines = message.head.split(/\r\n|\r|\n/).filter((line, at, all) => line !== '' || at < all.length - 1);
  while (lines.at(-1) === '') lines.pop();
  const more = lines.length - longest.lines;
  return [
    `${instantText(message.at)}  ${styled(terminalText(where, longest.line), 'bold', color)}`,
    ...lines.slice(0, longest.lines).map((line) => `    ${terminalText(line, longest.line)}`),
    ...(more > 0 ? [styled(`    ... and ${more} lines more`, 'dim', color)] : []),
    ...(message.bodyBytes > 0 ? [styled(`    (a body of ${shortBytes(message.bodyBytes)} was not kept)`, 'dim', color)] : []),
  ];
}

/** Everything of a call, oldest first, one ladder a record, kept heads between them. */
export function callLines({ records, messages, path }: Call, color: boolean): string[] {
  const parts = [
    ...records.map((record) => ({ at: record.at, lines: recordLines(record, color) })),
    ...messages.map((message) => ({ at: message.at, lines: headLines(message, color) })),
  ].sort((one, other) => (one.at === other.at ? 0 : one.at < other.at ? -1 : 1));
  const steps = path === undefined ? [] : pathLines(path, color);
  return [...parts.flatMap(({ lines }, at) => (at === 0 ? lines : ['', ...lines])), ...steps];
}

function pathLines({ steps, sentence }: NonNullable<Call['path']>, color: boolean): string[] {
  const width = Math.max(0, ...steps.map(({ subject }) => subject.length));
  return [
    '',
    styled('The decision, by the membership in force now:', 'bold', color),
    ...steps.map(
      ({ subject, finding }) =>
        `  ${styled(terminalText(subject, 20).padEnd(width), 'dim', color)}  ${terminalText(finding, longest.line)}`,
    ),
    ...(sentence === '' ? [] : [`  ${terminalText(sentence, longest.line)}`]),
  ];
}
