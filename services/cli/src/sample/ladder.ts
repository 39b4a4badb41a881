import { printable } from '@guildhall/proto/sip/escape';
import { Header } from '@guildhall/proto/sip/header-name';
import { bodyBytes, isRequest, type Message } from '@guildhall/proto/sip/message';
import { styled } from '../world.js';
import { fieldOf } from './sample-dialog.js';
import type { Sight } from './sample-exchange.js';

/** One message between a member and the hub, as a rung of a ladder. */
export interface Rung {
  /** Monotonic ms. */
  readonly at: number;
  readonly member: string;
  /** As the member sees it. */
  readonly direction: 'in' | 'out';
  readonly label: string;
  /** What the hub says about it, '' if nothing. */
  readonly reason: string;
}

/** "MESSAGE", "200 OK", "NOTIFY" ...: what a message is. */
export function labelOf(message: Message): string {
  if (isRequest(message)) return printable(message.method, 20);
  const line = message.head.slice(0, message.head.indexOf('\r\n'));
  return printable(line.replace(/^\S+ /, ''), 40);
}

/** The text of the Reason, else the Warning field of a refusal: the hub's sentence. */
export function reasonOf(message: Message): string {
  const value = fieldOf(message, Header.reason) || fieldOf(message, Header.warning);
  const quoted = /"((?:[^"\\]|\\.)*)"/.exec(value)?.[1];
  return printable((quoted ?? value).replace(/\\(.)/g, '$1'), 200);
}

/** A body short enough to be shown in one line. */
export function bodyOf(message: Message): string {
  return printable(bodyBytes(message).toString('latin1'), 60);
}

/** What a member saw, as rungs. */
export function rungsOf(member: string, sights: readonly Sight[]): Rung[] {
  return sights.map(({ at, direction, message }) => ({
    at,
    member,
    direction,
    label: labelOf(message),
    reason: isRequest(message) || message.status < 300 ? '' : reasonOf(message),
  }));
}

const gap = 30;
const margin = 12;

function arrow(label: string, toRight: boolean): string {
  const room = gap - 1;
  const text = ` ${label.slice(0, room - 6)} `;
  const before = Math.max(1, Math.floor((room - text.length - 1) / 2));
  const after = Math.max(1, room - text.length - 1 - before);
  return toRight ? `${'─'.repeat(before)}${text}${'─'.repeat(after)}▶` : `◀${'─'.repeat(before)}${text}${'─'.repeat(after)}`;
}

/**
 * A ladder of two members with the hub between them: one line a message, time in ms from the first on, the hub's reason
 * at the end of a refusal. The members are the left and the right pole.
 */
export function drawLadder(left: string, right: string, rungs: readonly Rung[], color: boolean): string[] {
  const sorted = [...rungs].sort((a, b) => a.at - b.at);
  const first = sorted[0]?.at ?? 0;
  const blank = ' '.repeat(gap - 1);
  const pole = (name: string, at: number, line: string) => line.padEnd(Math.max(0, at - Math.floor(name.length / 2))) + name;
  const heads = pole(right, margin + 2 * gap, pole('hub', margin + gap, pole(left, margin, '')));
  const lines = sorted.map((rung) => {
    const time = `${(rung.at - first).toFixed(1)} ms`.padStart(margin - 2);
    const onLeft = rung.member === left;
    const toRight = onLeft === (rung.direction === 'out');
    const drawn = styled(arrow(rung.label, toRight), rung.reason === '' ? 'green' : 'red', color);
    const reason = rung.reason === '' ? '' : `  ${styled(rung.reason, 'dim', color)}`;
    return `${styled(time, 'dim', color)}  │${onLeft ? drawn : blank}│${onLeft ? blank : drawn}│${reason}`;
  });
  return [styled(heads, 'bold', color), ...lines];
}
