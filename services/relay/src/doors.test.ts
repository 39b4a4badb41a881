import { memoryBus } from '@guildhall/chassis/memory-bus';
import { Door, DoorRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { createDoors } from './doors.js';

function play() {
  const bus = memoryBus();
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  let port = 5061;
  bus.subscribe(subjects.door, (payload, reply) => {
    const { member } = DoorRequest.decode(payload);
    asked.push(member);
    const proxies = [{ host: '192.0.2.1', port, names: [], priority: 1, weight: 1 }];
    const door = Door.encode({
      member,
      open: true,
      proxies,
      pins: [],
      anchors: [],
      version: 1n,
      interface: '',
      acceptCommonName: false,
      lookup: '',
      stranger: false,
      domains: [],
    }).finish();
    waiting.push(() => reply?.(door));
  });
  return {
    bus,
    asked,
    doors: createDoors(bus, { most: 10, fresh: 60_000, timeout: 1000 }),
    answer: () => {
      for (const one of waiting.splice(0)) one();
    },
    move: (to: number) => {
      port = to;
    },
  };
}

describe('the doors of members', () => {
  it('are not known while nobody answers', async () => {
    const { doors, bus } = play();
    bus.setConnected(false);
    await expect(doors.get('bolt')).rejects.toThrow();
  });

  it('are asked for once, however many want one, and then kept', async () => {
    const { doors, asked, answer } = play();
    const all = [doors.get('bolt'), doors.get('bolt'), doors.get('acme')];
    await Promise.resolve();
    answer();
    expect((await Promise.all(all)).map((card) => card.member)).toEqual(['bolt', 'bolt', 'acme']);
    await doors.get('bolt');
    expect(asked).toEqual(['bolt', 'acme']);
  });

  it('are asked for again once forgotten, and the old one serves while policy does not answer', async () => {
    const { doors, asked, answer, move, bus } = play();
    const first = doors.get('bolt');
    answer();
    await first;
    move(5062);
    doors.forget('bolt');
    bus.setConnected(false);
    expect((await doors.get('bolt')).proxies[0]?.port).toBe(5061);
    expect(doors.isOld('bolt')).toBe(true);
    bus.setConnected(true);
    const next = doors.get('bolt');
    answer();
    expect((await next).proxies[0]?.port).toBe(5062);
    expect(doors.isOld('bolt')).toBe(false);
    expect(asked).toEqual(['bolt', 'bolt']);
  });

  it('that change while asked for the first time are asked for again', async () => {
    const { doors, answer, asked, move } = play();
    const first = doors.get('bolt');
    doors.forget('bolt');
    answer();
    await first;
    move(5062);
    const next = doors.get('bolt');
    answer();
    expect([(await next).proxies[0]?.port, asked.length]).toEqual([5062, 2]);
  });

  it('that change while being asked for are known to be old', async () => {
    const { doors, answer } = play();
    const first = doors.get('bolt');
    answer();
    await first;
    doors.forget('bolt');
    const second = doors.get('bolt');
    doors.forget('bolt');
    answer();
    await second;
    expect(doors.isOld('bolt')).toBe(true);
  });
});
