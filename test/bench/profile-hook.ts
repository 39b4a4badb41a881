import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';

/**
 * Preloaded into the hub's processes by `--profile` (`node --import <this file>?folder=<where profiles go>`): SIGUSR2 starts a CPU profile,
 * the next one ends and writes it; so does the end of the process. Only the measured run is in it, not the start.
 */
function installProfiler(folder: string): void {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 500 });
  let running = false;
  let number = 0;
  let usage = process.cpuUsage();

  const finish = (): void => {
    running = false;
    const { user, system } = process.cpuUsage(usage);
    session.post('Profiler.stop', (error, { profile }) => {
      if (error !== null) return;
      number += 1;
      const service = /services\/([a-z]+)\//.exec(process.argv[1] ?? '')?.[1] ?? 'node';
      const path = join(folder, `${service}-${process.pid}-${number}`);
      // Whoever waits for the file is to find it whole.
      writeFileSync(`${path}.part`, JSON.stringify({ ...profile, cpuMicros: user + system }));
      renameSync(`${path}.part`, `${path}.cpuprofile`);
    });
  };
  process.on('SIGUSR2', () => {
    if (running) finish();
    else {
      running = true;
      session.post('Profiler.start');
      usage = process.cpuUsage();
    }
  });
  process.on('exit', () => {
    if (running) finish();
  });
}

const folder = new URL(import.meta.url).searchParams.get('folder');
if (folder !== null) installProfiler(folder);
