import { describe, expect, it } from 'vitest';
import { memoryBus } from './memory-bus.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('the memory bus', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.b.c', 'a.b', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*.c', 'a.b.c', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
  ])('%s takes %s: %s', (pattern, subject, taken) => {
    const bus = memoryBus();
    let count = 0;
    bus.subscribe(pattern, () => (count += 1));
    bus.publish(subject, bytes(''));
    expect(count).toBe(taken ? 1 : 0);
  });

  it('tells what nobody hears, when the publisher is through', async () => {
    const bus = memoryBus();
    const told: string[] = [];
    const one = bus.unheard(() => told.push('one'));
    const two = bus.unheard(() => told.push('two'));
    const stop = bus.subscribe('a', () => told.push('a'));
    bus.publish('a', bytes(''), one);
    bus.publish('b', bytes(''), one);
    bus.publish('b', bytes(''));
    two.close();
    bus.publish('b', bytes(''), two);
    expect(told).toEqual(['a']);
    await stop.inOrder();
    bus.publish('a', bytes(''), one);
    await Promise.resolve();
    expect(told).toEqual(['a', 'one', 'one']);
  });

  it('loses what is published while down, and rejects requests', async () => {
    const bus = memoryBus(4);
    const changes: boolean[] = [];
    let count = 0;
    bus.onConnected((up) => changes.push(up));
    bus.subscribe('a', () => (count += 1));
    bus.setConnected(false);
    bus.setConnected(false);
    bus.publish('a', bytes('1'));
    await expect(bus.request('a', bytes(''), 10)).rejects.toMatchObject({ code: 'disconnected' });
    bus.setConnected(true);
    bus.publish('a', bytes('1'));
    bus.publish('a', bytes('12345'));
    expect([count, changes, bus.failures.oversize]).toEqual([1, [false, true], 1]);
    await expect(bus.request('b', bytes(''), 10)).rejects.toMatchObject({ code: 'no-responders' });
    await expect(bus.request('a', bytes(''), 1)).rejects.toMatchObject({ code: 'timeout' });
  });

  it('delivers what a handler publishes after that handler, to one of each queue group', () => {
    const bus = memoryBus();
    const order: string[] = [];
    bus.subscribe('a', () => {
      bus.publish('b', bytes(''));
      order.push('a');
    });
    bus.subscribe('b', () => order.push('b one'), 'q');
    bus.subscribe('b', () => order.push('b two'), 'q');
    const stop = bus.subscribe('b', () => order.push('b all'));
    bus.publish('a', bytes(''));
    expect(order).toEqual(['a', 'b one', 'b all']);
    stop();
    bus.publish('b', bytes(''));
    expect(order.slice(3)).toEqual(['b one']);
  });

  it('answers requests', async () => {
    const bus = memoryBus();
    bus.subscribe('a', (payload, reply) => reply?.(payload));
    expect(Buffer.from(await bus.request('a', bytes('x'), 100)).toString()).toBe('x');
  });
});
