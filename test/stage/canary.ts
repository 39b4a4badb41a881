import { fresh } from './speech.js';

/** A text that nobody else writes, to be looked for where it must not be. */
export interface Canary {
  readonly text: string;
  /** The places in which it is, in the clear, as base64 or as hex. */
  sightings(places: Readonly<Record<string, string | Uint8Array>>): readonly string[];
}

/** A new one; letters and digits only, so that no encoding of ours changes it. */
export function createCanary(): Canary {
  const text = fresh('canary');
  const disguises = [text, Buffer.from(text).toString('hex'), ...[0, 1, 2].map((shift) => base64Core(text, shift))];
  return {
    text,
    sightings: (places) =>
      Object.entries(places)
        .filter(([, found]) => {
          const seen = typeof found === 'string' ? found : Buffer.from(found).toString('latin1');
          return disguises.some((disguise) => seen.toLowerCase().includes(disguise.toLowerCase()));
        })
        .map(([place]) => place),
  };
}

/** What base64 makes of a text that begins `shift` bytes behind a group of three, without the characters that its neighbours share in. */
function base64Core(text: string, shift: number): string {
  const encoded = Buffer.from('\0'.repeat(shift) + text).toString('base64');
  const whole = Math.floor(((shift + text.length) * 8) / 6);
  return encoded.slice(Math.ceil((shift * 8) / 6), whole);
}
