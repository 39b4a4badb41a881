import { contactLines, diagnosticsLines, reasonLines } from './answers.js';
import type { KeptVerdict } from './kept-verdict.js';

function made(domain: string, verdict: KeptVerdict, microsoft: boolean): readonly string[] {
  const lines = reasonLines(domain, verdict.status, verdict.code, verdict.sentence);
  if (microsoft) lines.push(...diagnosticsLines(verdict.code, verdict.sentence));
  if (verdict.retryAfter > 0) lines.push(`Retry-After: ${verdict.retryAfter}`);
  if (verdict.action === 'redirect') lines.push(...contactLines(verdict.contacts));
  return lines;
}

/** Header lines of the answer for a verdict that does not forward, made once, and once more for members that read ms-diagnostics-public. */
export function verdictLines(domain: string, verdict: KeptVerdict, microsoft: boolean): readonly string[] {
  if (microsoft) {
    verdict.microsoftLines ??= made(domain, verdict, true);
    return verdict.microsoftLines;
  }
  verdict.lines ??= made(domain, verdict, false);
  return verdict.lines;
}
