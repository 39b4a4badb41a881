import { Header } from '@guildhall/proto/sip/header-name';
import type { Message } from '@guildhall/proto/sip/message';
import { writeResponse } from '@guildhall/proto/sip/response';
import { recordRoutes, uriIn } from './sample-dialog.js';
import type { Arrival } from './sample-exchange.js';
import { contactOf, userOf, type Writer } from './sample-request.js';
import { ownMessage, type SampleWire } from './sample-wire.js';

/** Methods that open dialogs or refresh their target: their 2xx and reliable 1xx carry Contact. */
const targets = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'UPDATE']);

/** Replaces the writer's empty body by a body of a type. */
function withBody(text: string, body: string, type: string): string {
  return text.replace(/Content-Length: *0\r\n\r\n$/, () => `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

/** A request that came in on `wire`. `tag` goes into To where it has none; `sent` hears of every response written. */
export function createArrival(request: Message, wire: SampleWire, writer: Writer, tag: string, sent: (message: Message) => void): Arrival {
  return {
    request,
    reply(status, options = {}) {
      const headers = [...(options.headers ?? [])];
      const opens = targets.has(request.method) && status > 100 && status < 300;
      // RFC 3261 12.1.1: the route set goes back as it came, in a provisional with a tag too.
      if (opens) headers.unshift(...recordRoutes(request).map((value) => `Record-Route: ${value}`));
      if (opens && !headers.some((line) => /^(contact|m) *:/i.test(line))) {
        headers.push(`Contact: ${contactOf(writer, userOf(uriIn(request, Header.to), writer.id))}`);
      }
      const text = writeResponse(request, status, {
        toTag: tag,
        headers,
        ...(options.phrase === undefined ? {} : { phrase: options.phrase }),
      });
      const message = ownMessage(options.body === undefined ? text : withBody(text, options.body, options.type ?? 'text/plain'));
      wire.write(message.buffer);
      sent(message);
      return message;
    },
    raw: (text) => wire.write(text),
  };
}
