/**
 * A peer's text made safe for a log line, a quoted string in a header, a terminal: printable ASCII stays; `"`, `\` and everything else
 * becomes \xNN (\uNNNN above 255). Cut after `max` characters of the input, with `...` for the rest.
 */
export function printable(text: string, max = 200): string {
  let safe = '';
  const end = Math.min(text.length, max);
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    safe += code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c ? text.charAt(i) : escaped(code);
  }
  return text.length > max ? `${safe}...` : safe;
}

function escaped(code: number): string {
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
