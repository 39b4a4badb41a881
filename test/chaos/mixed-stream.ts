/** Whole messages of one kind that stand together at the start of what a connection brought. */
export interface Stretch {
  readonly kind: 'requests' | 'responses';
  readonly text: string;
}

const version = 'SIP/2.0 ';
const ending = '\r\n\r\n';

/**
 * Takes apart what comes in on a connection on which both ends send requests (RFC 5923): stretches of whole messages, in their order, and what is left of a
 * message that is not whole yet. Keepalives belong to requests.
 */
export function takeApart(text: string): { readonly stretches: readonly Stretch[]; readonly rest: string } {
  const stretches: Stretch[] = [];
  let from = 0;
  let at = 0;
  let kind: Stretch['kind'] | undefined;
  const cut = (): void => {
    if (kind !== undefined && at > from) stretches.push({ kind, text: text.slice(from, at) });
    from = at;
  };
  while (at < text.length) {
    const next = endOf(text, at);
    if (next < 0) break;
    const own = text.startsWith(version, at) ? 'responses' : 'requests';
    if (own !== kind) cut();
    kind = own;
    at = next;
  }
  cut();
  return { stretches, rest: text.slice(at) };
}

/** Where the message or the keepalive at `at` ends; -1: not yet. */
function endOf(text: string, at: number): number {
  if (text.startsWith(ending, at)) return at + ending.length;
  if (text.startsWith('\r\n', at)) return text.length === at + 2 || text[at + 2] === '\r' ? -1 : at + 2;
  const head = text.indexOf(ending, at);
  if (head < 0) return -1;
  const length = Number(/\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d{1,6})/i.exec(text.slice(at, head))?.[1] ?? 0);
  const end = head + ending.length + length;
  return end > text.length ? -1 : end;
}
