import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkoutRoot } from '../stage/checkout.js';
import { openFolder } from '../stage/folder.js';
import { faketimeTool } from '../stage/tools.js';

/** The wall clock of processes that are started with `environment`; their monotonic clock, and so their timers, go on untouched. */
export interface ShiftedClock {
  readonly environment: Readonly<Record<string, string>>;
  /** How it is done and what it reaches, for the table. */
  readonly how: string;
  /** So many seconds from the true time from now on; the processes see it within a second. */
  shift(seconds: number): void;
  close(): void;
}

/** Which way: with the system's library, or with a hook into `Date` where that cannot be had. */
export type ClockWay = 'library' | 'hook';

/** A clock that is right so far. libfaketime shifts everything a process asks of the C library, OpenSSL's look at certificates included. */
export async function openShiftedClock(say: (line: string) => void, way: ClockWay = 'library'): Promise<ShiftedClock> {
  const tool = way === 'library' ? await faketimeTool(say) : undefined;
  const folder = openFolder('clock');
  const file = folder.file('shift');
  const shift = (seconds: number) => {
    // Whole or not at all: it is read at any moment.
    writeFileSync(`${file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    renameSync(`${file}.new`, file);
  };
  shift(0);
  const hook = pathToFileURL(join(checkoutRoot(), 'test/dist/chaos/clock-hook.js')).href;
  return {
    shift,
    close: () => folder.close(),
    ...(tool === undefined
      ? {
          environment: { NODE_OPTIONS: `--import=${hook}`, GUILDHALL_CLOCK_FILE: file },
          how: 'a hook shifts Date in the six services (not OpenSSL’s clock, nor the nats-servers’)',
        }
      : {
          environment: {
            LD_PRELOAD: tool.library,
            FAKETIME_TIMESTAMP_FILE: file,
            FAKETIME_CACHE_DURATION: '1',
            DONT_FAKE_MONOTONIC: '1',
          },
          how: 'libfaketime shifts the wall clock of the six services (not the nats-servers’, which do not ask the C library)',
        }),
  };
}
