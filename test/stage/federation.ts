import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Authority, openSafe, type Safe } from './certificates.js';
import { type DnsServer, startDns } from './dns.js';
import type { Member } from './member.js';
import { openPlay, type Play, type PlayPart } from './play.js';
import { freePort } from './port.js';

/** What all hubs of a federation have in common, before the first of them opens. */
export interface Ground {
  readonly safe: Safe;
  /** The authority of every hub and member, unless a story says otherwise. */
  readonly authority: Authority;
  readonly dns: DnsServer;
  /** Where the hub of this name will listen. */
  port(hub: string): number;
}

/** Several hubs that know each other, each with its own members, for use inside of the tests of one describe block. */
export interface Federation {
  ground(): Ground;
  play(hub: string): Play;
  /** An actor by its name, whichever hub it belongs to. */
  actor(name: string): Member;
}

/**
 * Opens the hubs before the tests of the surrounding describe and closes them after them. After each test nobody may have heard anything the
 * test did not ask for.
 */
export function federate<Name extends string>(
  names: readonly Name[],
  parts: (ground: Ground) => Promise<Readonly<Record<Name, PlayPart>>> | Readonly<Record<Name, PlayPart>>,
): Federation {
  const plays = new Map<string, Play>();
  const curtain: (() => Promise<void> | void)[] = [];
  let opened: Ground | undefined;

  beforeAll(async () => {
    const safe = openSafe();
    curtain.push(() => safe.close());
    const dns = await startDns();
    curtain.push(() => dns.close());
    const ports = new Map<string, number>();
    for (const name of names) ports.set(name, await freePort());
    const ground = { safe, authority: await safe.authority('community'), dns, port: (hub: string) => ports.get(hub) ?? 0 };
    opened = ground;
    const cast = await parts(ground);
    for (const name of names) {
      const play = await openPlay({ ...cast[name], ground: { safe, authority: ground.authority, port: ground.port(name) } });
      plays.set(name, play);
      curtain.push(() => play.close());
    }
  });
  afterEach(() => {
    const unheard = [...plays.values()].flatMap((play) => play.unheard());
    for (const play of plays.values()) play.forget();
    expect(unheard).toEqual([]);
  });
  afterAll(async () => {
    for (const end of curtain.toReversed()) await end();
  });

  return {
    ground() {
      if (opened === undefined) throw new Error('the curtain is down');
      return opened;
    },
    play(hub) {
      const play = plays.get(hub);
      if (play === undefined) throw new Error(`there is no hub ${hub}`);
      return play;
    },
    actor(name) {
      for (const play of plays.values()) {
        const found = play.find(name);
        if (found !== undefined) return found;
      }
      throw new Error(`nobody plays ${name}`);
    },
  };
}
