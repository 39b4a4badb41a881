import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchFiles } from './file-watch.js';

let folder = '';
let stop: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'guildhall-watch-'));
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

describe('watchFiles', () => {
  it('tells of a change once it has settled, and of nothing else', () => {
    const changed = vi.fn();
    const file = join(folder, 'a');
    writeFileSync(file, '1');
    stop = watchFiles(() => [file], 1000, changed);
    vi.advanceTimersByTime(5000);
    expect(changed).not.toHaveBeenCalled();
    writeFileSync(file, '12');
    vi.advanceTimersByTime(1000);
    writeFileSync(file, '123');
    vi.advanceTimersByTime(1000);
    expect(changed).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(changed).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(5000);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('sees a file replaced, removed and put back', () => {
    const changed = vi.fn();
    const [file, other] = [join(folder, 'a'), join(folder, 'b')];
    writeFileSync(file, '1');
    stop = watchFiles(() => [file], 1000, changed);
    writeFileSync(other, '2');
    renameSync(other, file);
    vi.advanceTimersByTime(2000);
    rmSync(file);
    vi.advanceTimersByTime(2000);
    expect(changed).toHaveBeenCalledTimes(2);
    writeFileSync(file, '3');
    vi.advanceTimersByTime(2000);
    expect(changed).toHaveBeenCalledTimes(3);
  });

  it('looks no more once stopped', () => {
    const changed = vi.fn();
    const file = join(folder, 'a');
    stop = watchFiles(() => [file], 1000, changed);
    stop();
    writeFileSync(file, '1');
    vi.advanceTimersByTime(5000);
    expect(changed).not.toHaveBeenCalled();
  });
});
