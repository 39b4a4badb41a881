import { memoryBus } from '@guildhall/chassis/memory-bus';
import { describe, expect, it } from 'vitest';
import { privacyKey } from './privacy-key.js';

const random = (fill: number) => (bytes: number) => Buffer.alloc(bytes, fill);
const bucket = () => memoryBus().keyValue('secrets', { history: 1 });

describe('the key for users in records', () => {
  it('is refused when it is none', async () => {
    const kept = await bucket();
    await kept.put('privacy', Buffer.alloc(31));
    await expect(privacyKey(kept, random(1))).rejects.toThrow('has 31 bytes, and must have 32');
  });

  it('is made once and never again', async () => {
    const kept = await bucket();
    expect(Buffer.from(await privacyKey(kept, random(1)))).toEqual(Buffer.alloc(32, 1));
    expect(Buffer.from(await privacyKey(kept, random(2)))).toEqual(Buffer.alloc(32, 1));
  });

  it('is the same for all who make it at once', async () => {
    const kept = await bucket();
    const keys = await Promise.all([1, 2, 3].map((fill) => privacyKey(kept, random(fill))));
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
  });
});
