import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Hub } from './hub.js';
import type { Member } from './member.js';
import { openPlay, type Play, type PlayPart } from './play.js';

/** The play of one describe block, for use inside of its tests. */
export interface Performance {
  play(): Play;
  hub(): Hub;
  actor(name: string): Member;
}

/**
 * Opens a play before the tests of the surrounding describe and closes it after them. After each test nobody may have heard anything
 * the test did not ask for: what must not be passed on is found here.
 */
export function perform(part: PlayPart): Performance {
  let play: Play | undefined;
  beforeAll(async () => {
    play = await openPlay(part);
  });
  afterEach(() => {
    const unheard = play?.unheard() ?? [];
    play?.forget();
    expect(unheard).toEqual([]);
  });
  afterAll(async () => {
    await play?.close();
  });
  const current = () => {
    if (play === undefined) throw new Error('the curtain is down');
    return play;
  };
  return { play: current, hub: () => current().hub, actor: (name) => current().actor(name) };
}
