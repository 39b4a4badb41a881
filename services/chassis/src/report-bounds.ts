/** What one part of an InstanceReport holds at most, as it is written and as it is believed. Texts in characters. */
export const reportBounds = {
  bytes: 256 * 1024,
  members: 500,
  links: 64,
  reasons: 32,
  told: 256,
  reason: 300,
  why: 200,
  address: 300,
  version: 64,
  parts: 100_000,
} as const;

/** Ids and incarnations, fit for a subject token, a map's key and a label. */
export const reportId = /^[A-Za-z0-9_-]{1,64}$/;

/** Control and format characters and line separators: what could steer a terminal. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const everyUnprintable = new RegExp(unprintable, 'gu');

/** A text as a report may carry it: one line, no longer than `most` characters. */
export function reportText(text: string, most: number): string {
  return text.slice(0, most).replace(everyUnprintable, ' ');
}

/** Whether a text is one that `reportText` leaves as it is. */
export function isReportText(text: string, most: number): boolean {
  return text.length <= most && !unprintable.test(text);
}
