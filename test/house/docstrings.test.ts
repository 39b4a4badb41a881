import { describe, expect, it } from 'vitest';
import { linesMatching, read, sources } from './sources.js';

const documented = sources().filter((path) => /^(proto|services\/[^/]+\/src)\//.test(path) && !path.endsWith('.test.ts'));
const exported = /^export (?:declare |abstract |async )*(?:function|interface|type|const|let|class|enum)\b/;

/** Whether a docstring with words in it ends on the line above `at`. */
function hasDocstring(lines: readonly string[], at: number): boolean {
  if (lines[at - 1]?.trimEnd().endsWith('*/') !== true) return false;
  let first = at - 1;
  while (first > 0 && lines[first]?.includes('/*') !== true) first -= 1;
  const comment = lines.slice(first, at).join('\n').trim();
  return comment.startsWith('/**') && /[A-Za-z]{2}/.test(comment);
}

/** Exports without a docstring directly above, as "line: text". */
function undocumented(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => (exported.test(line) && !hasDocstring(lines, at) ? [`${at + 1}: ${line}`] : []));
}

describe('docstrings', () => {
  it('are missed where there are none', () => {
    const missed = (text: string) => undocumented(text).length;
    expect(missed('/** Says why. */\nexport function a() {}')).toBe(0);
    expect(missed('/**\n * Says why.\n */\nexport interface A {}')).toBe(0);
    expect(missed('export const a = 1;')).toBe(1);
    expect(missed('/** Says why. */\nexport type A = 1;\nexport type B = 2;')).toBe(1);
    expect(missed('/** Says why. */\n\nexport async function a() {}')).toBe(1);
    expect(missed('/* Says why. */\nexport const a = 1;')).toBe(1);
    expect(missed('// Says why.\nexport class A {}')).toBe(1);
    expect(missed('/** */\nexport const a = 1;')).toBe(1);
  });

  it('stand directly above every export', () => {
    expect(documented.length).toBeGreaterThan(200);
    expect(documented.flatMap((path) => undocumented(read(path)).map((line) => `${path}:${line}`))).toEqual([]);
  });

  it('cannot be dodged by exporting apart from the declaration', () => {
    expect(linesMatching(documented, /^export (?:type )?\{/)).toEqual([]);
  });
});
