import { Header } from '@guildhall/proto/sip/header-name';
import { type Message, requestUri } from '@guildhall/proto/sip/message';
import { parseVia } from '@guildhall/proto/sip/via';
import { calleeDialog, dialogRequest, fieldOf } from './sample-dialog.js';
import type { Arrival, Outgoing } from './sample-exchange.js';
import { userOf } from './sample-request.js';

/** How a sample member's users answer by themselves. */
export interface Answers {
  answer(arrival: Arrival): void;
}

/** INVITEs that still ring, so that a CANCEL finds them: bounded, the oldest is forgotten. */
const mostRinging = 1000;

/** A session description of a voice call between private addresses: it passes the hub untouched. */
const sampleSdp = [
  'v=0',
  'o=- 1 1 IN IP4 192.0.2.10',
  's=-',
  'c=IN IP4 192.0.2.10',
  't=0 0',
  'm=audio 49170 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

function branchOf(request: Message): string {
  const value = fieldOf(request, Header.via);
  return parseVia(value, 0, value.length).branch;
}

function inDialog(request: Message): boolean {
  return /;\s*tag\s*=/i.test(fieldOf(request, Header.to));
}

/** Where the subscription stands after a SUBSCRIBE with this Expires (RFC 6665 4.1.2). */
function subscriptionState(expires: string): string {
  return expires === '0' ? 'terminated;reason=timeout' : `active;expires=${expires}`;
}

/**
 * Answers like a member whose users are at home: 200 to everything, INVITE with 180 and 200, SUBSCRIBE with 200 and a NOTIFY.
 * Users of these names behave otherwise: `busy` 486, `nobody` 404, `ring` only 180 until CANCEL, `silent` nothing at all,
 * `overloaded` 503, `slow` only 100. `send` sends a request of our own.
 */
export function createAnswers(send: (request: Outgoing) => void): Answers {
  const ringing = new Map<string, Arrival>();

  function ring(arrival: Arrival): void {
    const oldest = ringing.keys().next();
    if (ringing.size >= mostRinging && !oldest.done) ringing.delete(oldest.value);
    ringing.set(branchOf(arrival.request), arrival);
    arrival.reply(180);
  }

  function cancel(arrival: Arrival): void {
    const branch = branchOf(arrival.request);
    const invite = ringing.get(branch);
    ringing.delete(branch);
    arrival.reply(invite === undefined ? 481 : 200);
    invite?.reply(487);
  }

  function subscribe(arrival: Arrival): void {
    const { request } = arrival;
    const expires = fieldOf(request, Header.expires) || '3600';
    const response = arrival.reply(200, { headers: [`Expires: ${expires}`] });
    const event = fieldOf(request, Header.event) || 'presence';
    send(
      dialogRequest(calleeDialog(request, response), 'NOTIFY', {
        headers: [
          ['Event', event],
          ['Subscription-State', subscriptionState(expires)],
          ['Content-Type', 'application/pidf+xml'],
        ],
        body: '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:sample"><tuple id="t"><status><basic>open</basic></status></tuple></presence>',
      }),
    );
  }

  function invite(arrival: Arrival): void {
    if (!inDialog(arrival.request)) arrival.reply(180);
    arrival.reply(200, { body: sampleSdp, type: 'application/sdp' });
  }

  function answerMethod(arrival: Arrival): void {
    switch (arrival.request.method) {
      case 'INVITE':
        invite(arrival);
        return;
      case 'SUBSCRIBE':
        subscribe(arrival);
        return;
      case 'OPTIONS':
        arrival.reply(200, { headers: ['Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY'] });
        return;
      default:
        arrival.reply(200);
    }
  }

  return {
    answer(arrival) {
      const { request } = arrival;
      if (request.method === 'ACK') return;
      if (request.method === 'CANCEL') return cancel(arrival);
      switch (inDialog(request) ? '' : userOf(requestUri(request), '')) {
        case 'busy':
          arrival.reply(486);
          return;
        case 'nobody':
          arrival.reply(404);
          return;
        case 'overloaded':
          arrival.reply(503);
          return;
        case 'slow':
          arrival.reply(100);
          return;
        case 'silent':
          return;
        case 'ring':
          return request.method === 'INVITE' ? ring(arrival) : answerMethod(arrival);
        default:
          return answerMethod(arrival);
      }
    },
  };
}
