import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openFolder } from '../stage/folder.js';
import { atLast, system, whyNotRoot } from './system.js';

/** A disk of its own, small enough to be filled. */
export interface SmallDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /** Bytes that somebody without privileges could still write. */
  free(): number;
  /** Takes every byte that is left. */
  fill(): void;
  /** Gives them back. */
  empty(): void;
  /** Read-only from one moment to the next, for files that are open too, as a kernel does it that finds the disk broken. */
  breakDown(): void;
  /** Unmounts, repairs and mounts it again. Throws while somebody has a file of it open. */
  repair(): void;
  /** Throws while somebody has a file of it open. */
  close(): void;
}

/** What small disks need of the system. */
const programs = ['losetup', 'mount', 'umount', 'mkfs.ext4', 'e2fsck'];

/** Why there can be no small disk here; undefined where there can. */
export function whyNoSmallDisk(): string | undefined {
  return whyNotRoot(programs);
}

/** Makes a disk of so many MiB (at least 8): ext4 in a file of its own. Throws what the system says when it cannot be made. */
export function openSmallDisk(mib: number): SmallDisk {
  const home = openFolder('disk');
  const image = home.file('image');
  const filler = home.file('mounted/filler');
  const folder = home.file('mounted');
  const file = openSync(image, 'w');
  ftruncateSync(file, mib * 1024 * 1024);
  closeSync(file);
  mkdirSync(folder);
  system('mkfs.ext4', '-q', '-m', '0', image);
  const device = system('losetup', '--find', '--show', image).trim();
  let mounted = false;
  const mount = () => {
    system('mount', '-o', 'errors=remount-ro', device, folder);
    mounted = true;
  };
  const unmount = () => {
    if (mounted) system('umount', folder);
    mounted = false;
  };
  const remove = atLast(() => {
    // Lazily: whoever still has files open ends with us.
    if (mounted) system('umount', '--lazy', folder);
    mounted = false;
    system('losetup', '--detach', device);
    home.close();
  });
  try {
    mount();
  } catch (error) {
    remove();
    throw error;
  }
  const free = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  return {
    folder,
    free,
    fill() {
      const handle = openSync(filler, 'a');
      try {
        for (const size of [1 << 20, 1 << 12, 1]) writeUntilFull(handle, Buffer.alloc(size));
      } finally {
        closeSync(handle);
      }
    },
    empty: () => rmSync(filler, { force: true }),
    breakDown() {
      writeFileSync(join('/sys/fs/ext4', basename(device), 'trigger_fs_error'), '1');
    },
    repair() {
      unmount();
      try {
        system('e2fsck', '-y', device);
      } catch {
        // It ends with 1 when it found errors and corrected them; then there are none the second time.
        system('e2fsck', '-y', device);
      }
      mount();
    },
    close() {
      unmount();
      remove();
    },
  };
}

/** Writes this again and again until the disk takes no more. */
function writeUntilFull(handle: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(handle, bytes);
  } catch {
    // ENOSPC, or what is left does not hold so much.
  }
  try {
    fsyncSync(handle);
  } catch {
    // What did not fit was found out just now.
  }
}
