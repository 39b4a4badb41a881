// Control and format characters (which include the bidirectional overrides) and line separators.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text from outside in double quotes, cut to `max` characters, with everything that could steer a terminal or end a line escaped. */
export function quoted(text: string, max = 80): string {
  const cut = text.length > max ? `${text.slice(0, max)}...` : text;
  const escaped = cut
    .replace(/["\\]/g, '\\$&')
    .replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${escaped}"`;
}
