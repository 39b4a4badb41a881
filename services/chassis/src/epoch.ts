import { randomBytes } from 'node:crypto';

/** A new incarnation's name: ten characters of a-z and 0-9, fit for a subject token and for a SIP branch. */
export function newEpoch(): string {
  let epoch = '';
  while (epoch.length < 10) {
    for (const byte of randomBytes(16)) {
      // 252 is the last multiple of 36 below 256: what is above would favour the first letters.
      if (byte < 252 && epoch.length < 10) epoch += (byte % 36).toString(36);
    }
  }
  return epoch;
}
