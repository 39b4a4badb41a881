import type { RoutingRecord } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { styled, terminalText } from '../world.js';
import { instantText, shortMs } from './figures.js';

const longest = 120;

function padded(text: string, width: number): string {
  return text.length >= width ? text : text + ' '.repeat(width - text.length);
}

/** How a final status looks: what was refused or failed stands out. */
export function statusStyle(record: Pick<RoutingRecord, 'status' | 'answer' | 'kind'>): 'green' | 'yellow' | 'red' | 'cyan' {
  if (record.kind === 'refused-handshake' || record.answer === 'hub' || record.status >= 500)
    return record.status === 200 ? 'green' : 'red';
  if (record.status >= 400) return 'yellow';
  return record.status >= 300 ? 'cyan' : 'green';
}

/** Who sent it, and where it went or was to go. */
export function routeText({ peer, fromDomain, target, toDomain, source }: RoutingRecord): string {
  const to = target || toDomain;
  const from = peer || fromDomain || source || '?';
  return to === '' ? from : `${from} → ${to}`;
}

/** What was asked: "SUBSCRIBE presence"; of a refused connection "TLS". */
export function askedText({ method, event, kind }: RoutingRecord): string {
  if (kind === 'refused-handshake') return 'TLS';
  return event === '' ? method : `${method} ${event}`;
}

/** One record in one line; texts of others are made safe. */
export function recordLine(record: RoutingRecord, color: boolean): string {
  const safe = (text: string) => terminalText(text, longest);
  const status = record.kind === 'refused-handshake' ? 'x' : String(record.status);
  const notes = [
    record.code,
    record.tries > 1 ? `${record.tries} tries` : '',
    record.repeats > 0 ? `${record.repeats} repeats` : '',
    record.marked ? 'marked' : '',
  ].filter((text) => text !== '');
  return [
    styled(instantText(record.at).slice(11) || '-', 'dim', color),
    styled(padded(status, 3), statusStyle(record), color),
    padded(safe(askedText(record)), 9),
    padded(safe(routeText(record)), 24),
    padded(record.kind === 'refused-handshake' ? '-' : shortMs(record.total), 7),
    ...(notes.length === 0 ? [] : [styled(safe(notes.join(', ')), statusStyle(record), color)]),
    styled(safe(record.callId || (record.kind === 'refused-handshake' ? record.source : '')), 'dim', color),
  ]
    .join('  ')
    .trimEnd();
}
