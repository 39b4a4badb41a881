import { cseqMethodStart, cseqNumber } from '@guildhall/proto/sip/cseq';
import { Header } from '@guildhall/proto/sip/header-name';
import { lowerHost } from '@guildhall/proto/sip/host';
import { firstHeader, headerValue, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import { createViaSpans, scanVia } from '@guildhall/proto/sip/via-scan';

const cookie = 'z9hG4bK';

/** Filled by each call and read before it returns. */
const via = createViaSpans();

/**
 * Names a transaction of a link's far end, as the request and its responses say it (RFC 3261 17.2.3): method, sent-by and branch; '' where they do not.
 * `method` instead of that of CSeq.
 */
export function transactionName(m: Message, method = ''): string {
  const top = firstHeader(m, Header.via);
  const cseq = firstHeader(m, Header.cseq);
  if (top < 0 || cseq < 0) return '';
  const { start, head } = m;
  if (scanVia(m.buffer, start + headerValueStart(m, top), start + headerValueEnd(m, top), via) !== '') return '';
  const from = start + headerValueStart(m, cseq);
  const end = start + headerValueEnd(m, cseq);
  const at = cseqMethodStart(m.buffer, from, end);
  if (at < 0) return '';
  const said = method === '' ? head.slice(at - start, end - start) : method;
  const sentBy = `${lowerHost(m, via.host - start, via.hostEnd - start)}:${via.port}`;
  const name = `${said} ${sentBy} ${head.slice(via.branch - start, via.branchEnd - start)}`;
  if (head.startsWith(cookie, via.branch - start)) return name;
  // A branch of RFC 2543 is not unique.
  const callId = firstHeader(m, Header.callId);
  return `${name} ${cseqNumber(m.buffer, from, end)} ${callId < 0 ? '' : headerValue(m, callId)}`;
}

/** Whether more responses than one end nothing there: further 2xx to an INVITE (RFC 6026 7.1), and what answers a CANCEL, which is hop by hop. */
export function mayBeAnsweredAgain(name: string, status: number): boolean {
  return name.startsWith('CANCEL ') || (status < 300 && name.startsWith('INVITE '));
}
