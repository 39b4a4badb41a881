import { randomBytes } from 'node:crypto';
import { monotonic, wall } from '@guildhall/chassis/clock';
import type { KeyValue } from '@guildhall/chassis/key-value';
import type { Events } from '../events.js';
import { followTokenKeys, type Rotation, type TokenKeyStore } from './token-keys.js';

/** How often it is looked whether a new key is due, at the most. */
const checkMs = 60_000;

/** Follows the keys, makes the first one and, from then on, each new one when it is due. `changed` is told of other keys. Rejects with a KeyValueError. */
export async function keepTokenKeys(bucket: KeyValue, rotation: Rotation, events: Events, changed: () => void): Promise<TokenKeyStore> {
  let store: TokenKeyStore | undefined;
  const turn = (): void => {
    store?.turn().catch((thrown: unknown) => events.failed('changing the route token keys', thrown));
  };
  const following = await followTokenKeys(
    bucket,
    rotation,
    { random: randomBytes, wall: () => wall().getTime(), monotonic },
    {
      changed(keys) {
        events.tokenKeysChanged(keys.length, keys[0]?.id ?? '');
        changed();
      },
      lost() {
        events.tokenKeysLost();
        turn();
      },
    },
  );
  store = following;
  await following.turn();
  const timer = setInterval(turn, Math.min(checkMs, rotation.everyMs / 10));
  return {
    ...following,
    stop() {
      clearInterval(timer);
      following.stop();
    },
  };
}
