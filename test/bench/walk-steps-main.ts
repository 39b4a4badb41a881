import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuProfile } from './profile.js';
import { renderSteps, stepsOf, walked } from './walk-steps.js';

/**
 * What each step of the walk costs, from the profiles that `npm run bench -- --profile` leaves. Run with
 * `node test/dist/bench/walk-steps-main.js FOLDER TRANSACTIONS`: the folder it names, and the `--count` it was run with.
 */
const [folder = '.', transactions = '40000'] = process.argv.slice(2);

for (const service of walked) {
  const found = readdirSync(folder).filter((name) => name.startsWith(`${service}-`) && name.endsWith('.cpuprofile'));
  const columns = new Map(
    found.sort().map((name) => {
      // V8 wrote it.
      const profile: CpuProfile = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      return [`run ${name.split(/[-.]/)[2]}`, stepsOf(profile, service, Number(transactions))] as const;
    }),
  );
  process.stdout.write(renderSteps(service, columns));
}
