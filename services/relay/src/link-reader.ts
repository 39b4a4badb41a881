import type { Message } from '@guildhall/proto/sip/message';
import { createMessageReader, type MessageReader } from '@guildhall/proto/sip/reader';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import type { SipError } from '@guildhall/proto/sip/sip-error';
import type { LinkListener, LinkTools } from './dialled-link.js';
import type { LinkName } from './events.js';
import type { Link } from './member.js';
import type { Unasked } from './unasked.js';

/** What is done about what cannot be passed on, and who asked for it. */
export interface LinkOwn {
  /** Says something of our own on the link. */
  text(latin1: string): void;
  /** Ends the link: what comes in on it cannot be read on. `why` in words of our own. */
  giveUp(why: string): void;
  readonly unasked: Unasked;
  /** Whether a response answers a probe of ours. */
  isProbe(m: Message): boolean;
}

const crlf = '\r\n';

/** Reads what a proxy says on a link we dialled, and gives it to whom it is for. */
export function readLink(
  link: Link,
  name: LinkName,
  tools: Pick<LinkTools, 'limits' | 'events'>,
  listener: LinkListener,
  own: LinkOwn,
): MessageReader {
  const refuse = (error: SipError, m: Message): void => {
    own.unasked.came();
    if (m.status !== 0) {
      listener.brokenResponse(m, link, error);
    } else if (m.method !== 'ACK' && canAnswer(m)) {
      own.text(writeResponse(m, error.status, { toTag: link.id, headers: [] }));
    }
  };
  return createMessageReader(tools.limits, {
    message(m) {
      if (m.status === 0) {
        own.unasked.came();
        listener.request(m, link, name.address);
        return;
      }
      own.unasked.answered();
      if (!own.isProbe(m)) listener.response(m, link);
    },
    ping() {
      own.unasked.came();
      own.text(crlf);
    },
    pong: () => undefined,
    refused: refuse,
    broken(error, m) {
      tools.events.linkBroken(name, error.message);
      if (m !== undefined) refuse(error, m);
      own.giveUp('what came in on it is no SIP');
    },
  });
}
