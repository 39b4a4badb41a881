import { resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { readTrouble } from '../community/certificate-check.js';
import { writePrivate } from '../hub/state-folder.js';
import { terminalText, type World } from '../world.js';

/** Writes a secret that is told once to a file for its owner only. Throws a Fault `file`; then it is told on stdout instead of being lost. */
export function keepSecret(out: string, secret: string, world: World): void {
  try {
    writePrivate(resolve(world.cwd, out), `${secret}\n`);
  } catch (thrown) {
    // It is told here once and never again: better on the screen than lost.
    world.terminal.out(terminalText(secret, 1000));
    throw new Fault('file', `${out}: ${readTrouble(thrown)}; the token stands above`, {
      cure: 'keep it by hand, or revoke it and make another',
      cause: thrown,
    });
  }
}
