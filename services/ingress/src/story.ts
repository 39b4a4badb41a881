import { longestCallId } from '@guildhall/proto/records/read-batch';
import { addressParts } from '@guildhall/proto/sip/check';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import type { AskAdmission } from './admit.js';
import type { KeptVerdict } from './kept-verdict.js';

/** What is remembered of a transaction for its record and its trace, until both are made. One shape: the hot path stays monomorphic. */
export interface Story {
  /** Counts records and traces of this incarnation from 1; 0: none is made, or it is made already. */
  readonly serial: number;
  readonly callId: string;
  /** The URIs of From and To up to their host, as sent; '' for none. */
  readonly fromUri: string;
  readonly toUri: string;
  /** Unset: it was refused before anything was asked. */
  readonly admission: AskAdmission | undefined;
  /** What decided, and when (monotonic ms); 0: nothing did yet. */
  verdict: KeptVerdict | undefined;
  decidedAt: number;
  /** Copies of it that were absorbed. */
  repeats: number;
  /** The relay that told its end, and what that told of the far side: the proxy, µs until it was written and until it was answered, how often it was written. */
  relay: string;
  link: string;
  waited: number;
  took: number;
  tries: number;
  /** The heads of its messages are kept. */
  readonly marked: boolean;
}

/** The story of what nothing is told about. Shared: never written to. */
export const noStory: Story = {
  serial: 0,
  callId: '',
  fromUri: '',
  toUri: '',
  admission: undefined,
  verdict: undefined,
  decidedAt: 0,
  repeats: 0,
  relay: '',
  link: '',
  waited: 0,
  took: 0,
  tries: 0,
  marked: false,
};

/** Begins a story. The texts are slices of the head: they cost next to nothing and keep it alive until the record is made. Hot path. */
export function beginStory(serial: number, request: Message, admission: AskAdmission | undefined, marked: boolean): Story {
  return {
    serial,
    callId: callIdOf(request),
    fromUri: uriIn(request, Header.from),
    toUri: uriIn(request, Header.to),
    admission,
    verdict: undefined,
    decidedAt: 0,
    repeats: 0,
    relay: '',
    link: '',
    waited: 0,
    took: 0,
    tries: 0,
    marked,
  };
}

/** Notes what decided about it. Hot path. */
export function noteDecision(story: Story, verdict: KeptVerdict, now: number): void {
  if (story.serial === 0) return;
  story.verdict = verdict;
  story.decidedAt = now;
}

/** Notes a copy that was absorbed. */
export function noteRepeat(story: Story): void {
  if (story.serial !== 0) story.repeats += 1;
}

/** Notes what a relay told of the far side with the last word about it. Hot path. */
export function noteFarSide(story: Story, relay: string, link: string, waited: number, took: number, tries: number): void {
  if (story.serial === 0) return;
  story.relay = relay;
  story.link = link;
  story.waited = waited;
  story.took = took;
  story.tries = tries;
}

/** The Call-ID as a record has it; '' for none. */
export function callIdOf(request: Message): string {
  const at = firstHeader(request, Header.callId);
  if (at < 0) return '';
  const start = headerValueStart(request, at);
  return request.head.slice(start, Math.min(headerValueEnd(request, at), start + longestCallId));
}

/** The URI of a From or To up to its host, or up to its parameters where it has none; '' for none that can be read. */
export function uriIn(request: Message, id: typeof Header.from | typeof Header.to): string {
  const spans = addressParts(request, id);
  if (spans === undefined) return '';
  const { start, head } = request;
  return head.slice(spans.uriStart - start, (spans.host < 0 ? spans.uriEnd : spans.hostEnd) - start);
}

/** The domain of a sip or sips URI as `uriIn` gives it, written as by `uriDomain`; '' for any other: what stands behind an @ there may name a user. */
export function domainIn(uri: string): string {
  const scheme = uri.slice(0, uri.indexOf(':') + 1).toLowerCase();
  if (scheme !== 'sip:' && scheme !== 'sips:') return '';
  const host = Math.max(scheme.length, uri.lastIndexOf('@') + 1);
  return uri.slice(host, uri.endsWith('.') ? -1 : undefined).toLowerCase();
}
