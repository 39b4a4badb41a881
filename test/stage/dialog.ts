import type { Received } from './received.js';
import { type Request, request, type Words } from './speech.js';

/** One side's view of a dialog (RFC 3261 12): what its next request is made of. */
export interface Dialog {
  readonly callId: string;
  /** Whole From and To values of this side's requests, tags included. */
  readonly local: string;
  readonly remote: string;
  /** The far Contact: Request-URI of what follows. */
  readonly target: string;
  /** Route values, top first. */
  readonly routes: readonly string[];
  /** CSeq number this side used last. */
  readonly cseq: number;
}

/** The dialog as its opener sees it: by the request it sent and the answer that made the dialog (RFC 3261 12.1.2). */
export function dialogOfCaller(opening: Request, final: Received): Dialog {
  return {
    callId: opening.callId,
    local: opening.from,
    remote: final.header('to'),
    target: uriOf(final.header('contact')),
    routes: listed(final.headers('record-route')).reverse(),
    cseq: opening.cseq,
  };
}

/** The dialog as the other side sees it: by the request it got and the tag it put on the To (RFC 3261 12.1.1). */
export function dialogOfCallee(opening: Received, tag = 'answered'): Dialog {
  return {
    callId: opening.header('call-id'),
    local: `${opening.header('to')};tag=${tag}`,
    remote: opening.header('from'),
    target: uriOf(opening.header('contact')),
    routes: listed(opening.headers('record-route')),
    cseq: 0,
  };
}

/** A request within a dialog; `words` replaces what the dialog would say. An ACK to a 2xx takes its INVITE's number by `words.cseq`. */
export function within(dialog: Dialog, method: string, words: Partial<Words> = {}): Request {
  const { callId, local: from, remote: to, target: uri, routes } = dialog;
  return request({ callId, from, to, uri, routes, cseq: dialog.cseq + 1, method, ...words });
}

/** The values of header fields that hold lists. Route URIs of ours have no commas in quotes. */
function listed(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((value) => value.trim());
}

function uriOf(contact: string): string {
  return /<([^>]*)>/.exec(contact)?.[1] ?? contact;
}
