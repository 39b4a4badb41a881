import { describe, expect, it } from 'vitest';
import { createHandshakes, type Handshakes } from './handshakes.js';

/** Lets `count` handshakes of an address begin and says how many were let in; those that give way are written to `dropped`. */
function crowd(handshakes: Handshakes, address: string, count: number, dropped: string[] = []): number {
  let taken = 0;
  for (let i = 0; i < count; i += 1) {
    const source = `${address}:${i}`;
    if (handshakes.begin(address, source, () => dropped.push(source))) taken += 1;
  }
  return taken;
}

describe('handshakes in flight', () => {
  it('of one address take every place while nobody else comes', () => {
    const handshakes = createHandshakes(16);
    expect(crowd(handshakes, '10.0.0.1', 40)).toBe(16);
    expect(handshakes.size()).toBe(16);
  });

  it('of the address that took them all give way to a newcomer, the oldest first', () => {
    const handshakes = createHandshakes(16);
    const dropped: string[] = [];
    crowd(handshakes, '10.0.0.1', 16, dropped);
    expect(crowd(handshakes, '10.0.0.2', 1)).toBe(1);
    expect(dropped).toEqual(['10.0.0.1:0']);
    expect(handshakes.size()).toBe(16);
    // The greedy one does not get its place back at the cost of the newcomer.
    expect(crowd(handshakes, '10.0.0.1', 1)).toBe(0);
    handshakes.over('10.0.0.1', '10.0.0.1:0');
    expect(handshakes.size()).toBe(16);
  });

  it.each<[who: string, addresses: number, each: number]>([
    ['many addresses with one each', 16, 1],
    ['some addresses with a few each', 4, 4],
  ])('of %s are all kept: a newcomer waits', (_who, addresses, each) => {
    const handshakes = createHandshakes(16);
    const dropped: string[] = [];
    for (let i = 0; i < addresses; i += 1) crowd(handshakes, `10.0.0.${i}`, each, dropped);
    expect(crowd(handshakes, '10.1.0.1', 1)).toBe(0);
    expect(dropped).toEqual([]);
  });

  it('make room when they are over, once', () => {
    const handshakes = createHandshakes(2);
    crowd(handshakes, '10.0.0.1', 1);
    // The same far end at another listener.
    expect(crowd(handshakes, '10.0.0.1', 1)).toBe(0);
    expect(handshakes.begin('10.0.0.1', '10.0.0.1:1', () => undefined)).toBe(true);
    handshakes.over('10.0.0.1', '10.0.0.1:1');
    handshakes.over('10.0.0.1', '10.0.0.1:1');
    handshakes.over('10.0.0.9', '10.0.0.9:0');
    expect(handshakes.size()).toBe(1);
    expect(crowd(handshakes, '10.0.0.2', 2)).toBe(1);
  });
});
