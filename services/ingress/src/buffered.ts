import type { Member } from './members.js';
import { holds } from './wire.js';

/** How many bytes may wait in all connections of one member: above the first nothing more is read from it, above the second connections are closed. */
export interface BufferedLimits {
  readonly memberBytes: number;
  readonly memberBytesMax: number;
}

/** Reading goes on when no more than this part of `memberBytes` waits. */
const enough = 1 / 2;

/** So many bytes more (or less) wait from and for a member: its connections are held above the limit, and released when half of that has gone. */
export function noteBuffered(member: Member, change: number, { memberBytes }: BufferedLimits): void {
  member.bytes += change;
  if (!member.full && member.bytes > memberBytes) {
    member.full = true;
    for (const wire of member.wires) wire.hold(holds.bytes);
  } else if (member.full && member.bytes <= memberBytes * enough) {
    member.full = false;
    for (const wire of member.wires) wire.release(holds.bytes);
  }
}

/** Whether a connection in which `weight` bytes wait must go: too much waits for its member, and in it no less than in the others. */
export function mustGo({ bytes, wires }: Member, weight: number, { memberBytesMax }: BufferedLimits): boolean {
  return bytes > memberBytesMax && weight * wires.length >= bytes;
}
