const controlCharacters = /\p{Cc}+/gu;

/** An operator's words as they may go into answers and logs, should they have come into the bucket past the community file. */
export function cleanWords(words: string): string {
  return words.slice(0, 300).replace(controlCharacters, ' ');
}
