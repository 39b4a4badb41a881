import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSmallDisk, whyNoSmallDisk } from './small-disk.js';

describe.skipIf(whyNoSmallDisk() !== undefined)('a small disk', () => {
  const disk = openSmallDisk(16);
  afterAll(() => disk.close());
  const file = join(disk.folder, 'kept');

  it('takes nothing more when it is full, until there is room again', () => {
    writeFileSync(file, 'kept');
    disk.fill();
    expect(disk.free()).toBeLessThan(8192);
    expect(() => writeFileSync(join(disk.folder, 'more'), Buffer.alloc(65_536))).toThrow('ENOSPC');
    disk.empty();
    writeFileSync(join(disk.folder, 'more'), Buffer.alloc(65_536));
  });

  it('is read-only at once when it breaks down, for open files too, and holds what it held after the repair', () => {
    const open = openSync(file, 'a');
    disk.breakDown();
    expect(() => writeSync(open, 'more')).toThrow('EROFS');
    expect(() => disk.repair()).toThrow('busy');
    closeSync(open);
    disk.repair();
    appendFileSync(file, ' well');
    expect(readFileSync(file, 'latin1')).toBe('kept well');
  });
});
