/** Whether a subject, as tokens, is one of those that a pattern stands for: `*` for any token, `>` at the end for any tokens. */
export function matches(pattern: readonly string[], subject: readonly string[]): boolean {
  for (const [index, token] of pattern.entries()) {
    if (token === '>') return subject.length > index;
    if (index >= subject.length || (token !== '*' && token !== subject[index])) return false;
  }
  return pattern.length === subject.length;
}

/** The same as a function of the subject, for a pattern that is asked about often. */
export function subjectMatcher(pattern: string): (subject: string) => boolean {
  const tokens = pattern.split('.');
  if (!tokens.some((token) => token === '*' || token === '>')) return (subject) => subject === pattern;
  return (subject) => matches(tokens, subject.split('.'));
}
