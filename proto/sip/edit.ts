import { SipError } from './sip-error.js';

/** Replace head[at, until) by `text`. at = until inserts. */
export interface Edit {
  readonly at: number;
  readonly until: number;
  readonly text: string;
}

/**
 * The head with the edits made and everything else byte for byte as it was. Edits are ascending and do not overlap; throws SipError 'value'
 * if they are not. The texts are the caller's own and already checked.
 */
export function editHead(head: string, edits: readonly Edit[]): string {
  let edited = '';
  let from = 0;
  for (const edit of edits) {
    if (edit.at < from || edit.until < edit.at || edit.until > head.length) throw new SipError('value', 'edits overlap or lie outside');
    edited += head.slice(from, edit.at) + edit.text;
    from = edit.until;
  }
  return edited + head.slice(from);
}
