import { describe, expect, it } from 'vitest';
import { createSameProcess } from './same-process.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);
const jobEnds = () => new Promise<void>((resolve) => queueMicrotask(resolve));

describe('the short way between services of one process', () => {
  it('says so when nobody hears, also once who heard has stopped', () => {
    const way = createSameProcess();
    expect(way.say('relay.r', bytes('a'))).toBe(false);
    way.hear('relay.r', () => {})();
    expect(way.say('relay.r', bytes('a'))).toBe(false);
  });

  it('hands nothing to who stopped after it was said', async () => {
    const way = createSameProcess();
    const heard: string[] = [];
    const stop = way.hear('relay.r', (payload) => heard.push(text(payload)));
    expect(way.say('relay.r', bytes('a'))).toBe(true);
    stop();
    await jobEnds();
    expect(heard).toEqual([]);
  });

  it('hands over after the job, in order over all subjects, and copies', async () => {
    const way = createSameProcess();
    const heard: string[] = [];
    way.hear('relay.r', (payload) => heard.push(`r ${text(payload)}`));
    way.hear('depart.relay.r', (payload) => heard.push(`d ${text(payload)}`));
    const reused = bytes('1');
    way.say('relay.r', reused);
    reused.set(bytes('2'));
    way.say('depart.relay.r', reused);
    reused.set(bytes('3'));
    way.say('relay.r', reused);
    reused.fill(0);
    expect(heard).toEqual([]);
    await jobEnds();
    expect(heard).toEqual(['r 1', 'd 2', 'r 3']);
  });

  it('lets a handler answer without being called from inside another one’s publish', async () => {
    const way = createSameProcess();
    const course: string[] = [];
    way.hear('ingress.i', (payload) => course.push(`answer ${text(payload)}`));
    way.hear('relay.r', (payload) => {
      course.push('begin');
      way.say('ingress.i', payload);
      course.push('end');
    });
    way.say('relay.r', bytes('a'));
    way.say('relay.r', bytes('b'));
    await jobEnds();
    await jobEnds();
    expect(course).toEqual(['begin', 'end', 'begin', 'end', 'answer a', 'answer b']);
  });

  it('goes to who came last, and stays there when who came first stops', async () => {
    const way = createSameProcess();
    const heard: string[] = [];
    const stop = way.hear('relay.r', () => heard.push('first'));
    way.hear('relay.r', () => heard.push('last'));
    stop();
    expect(way.say('relay.r', bytes('a'))).toBe(true);
    await jobEnds();
    expect(heard).toEqual(['last']);
  });
});
