import { describe, expect, it } from 'vitest';
import { createMembers } from '../members.js';
import { sip } from '../sip.stage.js';
import { message } from '../transaction.stage.js';
import type { Wire } from '../wire.js';
import type { HepCapture } from './hep-packet.js';
import type { KeptHeads } from './kept-heads.js';
import { createTap } from './tap.js';

const wall = () => 1_700_000_000_000;

function wireOf(written: string[]): Wire {
  const wire: Wire = {
    id: 'w',
    member: createMembers(1).of('acme'),
    source: '192.0.2.1:5061',
    local: '192.0.2.9:5061',
    open: true,
    inFlight: 0,
    hasRoom: () => true,
    hold: () => undefined,
    release: () => undefined,
    text: (text) => void written.push(text),
    bytes: (from, start, end) => void written.push(from.toString('latin1', start, end)),
  };
  return wire;
}

function hepTap(bodies: boolean) {
  const seen: HepCapture[] = [];
  return { seen, tap: createTap({ hep: { send: (capture) => void seen.push(capture) }, bodies, kept: undefined, wall }) };
}

const answer = 'SIP/2.0 200 OK\r\nCall-ID: c1\r\nContent-Length: 6\r\n\r\ncanary';

describe('a tap nobody looks at', () => {
  it('is off, and what is written passes as it was', () => {
    const written: string[] = [];
    const tap = createTap({ hep: undefined, bodies: false, kept: undefined, wall });
    const wire = wireOf(written);
    tap.follow(wire);
    wire.text(answer);
    wire.bytes(Buffer.from(answer), 0, 7);
    expect([tap.on, tap.isMarked('c1'), written]).toEqual([false, false, [answer, 'SIP/2.0']]);
  });
});

describe('a tap for members that are marked now and then', () => {
  it('sees what goes to wires that were there before, and leaves them as they were', () => {
    let watching = false;
    const kept: string[] = [];
    const heads: KeptHeads = {
      counts: { kept: 0, overRate: 0 },
      watching: () => watching,
      came: () => undefined,
      went: (bytes, start, end) => void kept.push(bytes.toString('latin1', start, end)),
      isMarked: () => true,
      dialogs: () => 0,
      flush: () => undefined,
    };
    const tap = createTap({ hep: undefined, bodies: false, kept: heads, wall });
    const written: string[] = [];
    const [before, closed, after] = [wireOf(written), wireOf([]), wireOf(written)];
    const { text, bytes } = before;
    tap.follow(before);
    tap.follow(closed);
    expect([tap.on, tap.isMarked('c1'), before.text === text, before.bytes === bytes]).toEqual([false, false, true, true]);
    closed.open = false;
    watching = true;
    tap.review();
    tap.review();
    tap.follow(after);
    before.text(answer);
    after.bytes(Buffer.from(answer), 0, 7);
    expect([tap.on, tap.isMarked('c1'), kept, written]).toEqual([true, true, [answer, 'SIP/2.0'], [answer, 'SIP/2.0']]);
    watching = false;
    tap.review();
    expect([tap.on, before.text === text, before.bytes === bytes]).toEqual([false, true, true]);
    before.text(answer);
    expect([kept.length, written.length]).toEqual([2, 3]);
  });
});

describe('a tap for a capture server', () => {
  it('tells of what came and went with the two ends, heads only', () => {
    const { seen, tap } = hepTap(false);
    const written: string[] = [];
    const wire = wireOf(written);
    tap.follow(wire);
    tap.came(message(sip({ callId: 'c1', body: 'canary' })), wire);
    wire.text(answer);
    wire.bytes(Buffer.from(`x${answer}x`, 'latin1'), 1, 1 + answer.length);
    expect(written).toEqual([answer, answer]);
    expect(seen.map(({ from, to, callId, at }) => [from.address.at(-1), to.address.at(-1), callId, at])).toEqual([
      [1, 9, 'c1', wall()],
      [9, 1, 'c1', wall()],
      [9, 1, 'c1', wall()],
    ]);
    const texts = seen.map(({ payload }) => payload.toString('latin1'));
    expect(texts[0]).toMatch(/^MESSAGE [\s\S]*\r\nContent-Length: 6\r\n\r\n$/);
    expect(texts[1]).toBe(answer.slice(0, -6));
    expect(texts[2]).toBe(texts[1]);
  });

  it('tells bodies where the operator wants them, but no credentials', () => {
    const { seen, tap } = hepTap(true);
    tap.came(message(sip({ body: 'text', headers: ['Authorization: Digest response="7"'] })), wireOf([]));
    const text = seen[0]?.payload.toString('latin1') ?? '';
    expect(text).toContain('\r\nAuthorization: (cut)\r\n');
    expect(text.endsWith('\r\n\r\ntext')).toBe(true);
  });

  it('does not tell of signs of life, nor of what a closed connection is given', () => {
    const { seen, tap } = hepTap(false);
    const wire = wireOf([]);
    tap.follow(wire);
    wire.text('\r\n');
    wire.text(sip({ method: 'OPTIONS' }));
    wire.open = false;
    wire.text(answer);
    expect(seen).toEqual([]);
  });

  it('knows no address of ours where another process holds the connection', () => {
    const { seen, tap } = hepTap(false);
    const { local: _, ...wire } = wireOf([]);
    tap.came(message(sip()), wire);
    expect(seen[0]?.to).toEqual({ address: Buffer.alloc(4), port: 0 });
  });
});
