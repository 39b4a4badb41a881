import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { createServer, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { isRequest, type Message } from '@guildhall/proto/sip/message';
import { writeCancel } from '@guildhall/proto/sip/request';
import { checkHubName } from '../hub/hub-certificate.js';
import { createAnswers } from './sample-answers.js';
import { createArrival } from './sample-arrival.js';
import { callerDialog, type Dialog, dialogRequest } from './sample-dialog.js';
import type { Arrival, Exchange, Ongoing, Outgoing, Sight } from './sample-exchange.js';
import { requestText, type Writer } from './sample-request.js';
import { createExchanges } from './sample-transactions.js';
import { createSampleWire, ownMessage, type SampleWire } from './sample-wire.js';

/** Where a sample member is, who it is, and how it proves it. Certificates and keys are PEM texts. */
export interface SampleMemberOptions {
  readonly id: string;
  readonly domain: string;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  /** Its own proxy port for the hub's links (port 0: any). Absent: it can only dial out. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** `name` is sent as SNI and must be in the hub's certificate. */
  readonly hub: { readonly host: string; readonly port: number; readonly name: string };
  /** Asked before the built-in answers; true means it has answered (or wants silence). */
  readonly answer?: (arrival: Arrival) => boolean;
}

/** A member's SIP proxy and users in one: small, for samples, tests and trying. */
export interface SampleMember {
  readonly id: string;
  readonly domain: string;
  /** The port it listens on; 0 when it only dials out. */
  readonly port: number;
  /** Everything seen so far, oldest first; at most the last 10000. */
  readonly seen: readonly Sight[];
  /** Opens the connection to the hub if it is not open. Rejects with the TLS error. Done by `send` too. */
  dial(): Promise<void>;
  /** Sends a request and settles at its final response, time-out or loss of the connection; never rejects for those. ACK to non-2xx is sent by itself. */
  send(request: Outgoing): Promise<Exchange>;
  /** The same, handing out the request while it is under way. Rejects when there is no connection to write to. */
  begin(request: Outgoing): Promise<Ongoing>;
  /** Sends a request that gets no answer: an ACK. */
  post(request: Outgoing): Promise<Message>;
  /** ACKs the 2xx of an INVITE along its route set and returns the dialog, for `dialogRequest` of sample-dialog. */
  acknowledge(exchange: Exchange): Promise<Dialog>;
  /** Sends one whole request exactly as written (latin1); its topmost Via's branch matches the responses. */
  sendText(text: string, wait?: number): Promise<Exchange>;
  /** Writes bytes to the hub connection, expecting nothing. */
  write(bytes: string | Buffer): Promise<void>;
  /** Waits for the first request or response, seen already or later, that passes `test`; rejects after `wait` ms (default 10000). */
  sight(test: (sight: Sight) => boolean, wait?: number): Promise<Sight>;
  /** Hears every message in either direction. Returns the unsubscriber. */
  onSight(listener: (sight: Sight) => void): () => void;
  /** Hears when the hub closes or loses the connection this member dialled. */
  onHubClosed(listener: (error: string) => void): () => void;
  /** Closes its port and every connection. */
  close(): Promise<void>;
}

const mostSeen = 10_000;
const usualWait = 10_000;

/** Starts a sample member: listens if it is told to, dials only when it has something to send. Rejects when it cannot listen. */
export async function startSampleMember(options: SampleMemberOptions): Promise<SampleMember> {
  const seen: Sight[] = [];
  const watchers = new Set<(sight: Sight) => void>();
  const closeWatchers = new Set<(error: string) => void>();
  const wires = new Set<SampleWire>();
  const identity = { cert: options.certificate, key: options.key, ca: options.ca };
  const token = () => randomBytes(8).toString('hex');
  const writer: { -readonly [K in keyof Writer]: Writer[K] } = { id: options.id, domain: options.domain, sentBy: `${options.id}.invalid` };
  let hubWire: Promise<SampleWire> | undefined;

  function saw(direction: 'in' | 'out', wire: SampleWire, message: Message): void {
    const sight: Sight = { at: performance.now(), direction, wire: wire.kind, message };
    seen.push(sight);
    if (seen.length > mostSeen) seen.shift();
    for (const watch of [...watchers]) watch(sight);
  }

  const exchanges = createExchanges(
    () => performance.now(),
    (ack, wire) => put(ack, wire),
  );
  const answers = createAnswers((request) => {
    send(request).catch(() => {});
  });

  /** Writes one of our own messages and remembers it. */
  function put(text: string, wire: SampleWire): Message {
    const message = ownMessage(text);
    saw('out', wire, message);
    wire.write(message.buffer);
    return message;
  }

  const events = {
    message(wire: SampleWire, message: Message): void {
      saw('in', wire, message);
      if (!isRequest(message)) {
        exchanges.response(message);
        return;
      }
      const arrival = createArrival(message, wire, writer, token(), (sent) => saw('out', wire, sent));
      if (options.answer?.(arrival) !== true) answers.answer(arrival);
    },
    closed(wire: SampleWire, error: string): void {
      wires.delete(wire);
      exchanges.lost(wire, error);
      if (wire.kind !== 'hub') return;
      hubWire = undefined;
      for (const watch of [...closeWatchers]) watch(error);
    },
  };

  function take(socket: TLSSocket, kind: 'hub' | 'proxy'): SampleWire {
    const wire = createSampleWire(socket, kind, events);
    wires.add(wire);
    return wire;
  }

  function connectHub(): Promise<SampleWire> {
    return new Promise((resolve, reject) => {
      const { host, port, name } = options.hub;
      const socket = tlsConnect({
        host,
        port,
        ...(isIP(name) === 0 ? { servername: name } : {}),
        ...identity,
        minVersion: 'TLSv1.2',
        checkServerIdentity: (_host, shown) => checkHubName(name, shown),
      });
      const failed = (error: Error) => {
        hubWire = undefined;
        reject(error);
      };
      socket.once('error', failed);
      socket.once('secureConnect', () => {
        socket.off('error', failed);
        resolve(take(socket, 'hub'));
      });
    });
  }

  async function wireFor(kind: 'hub' | 'proxy'): Promise<SampleWire> {
    if (kind === 'hub') {
      hubWire ??= connectHub();
      return hubWire;
    }
    const wire = [...wires].find((candidate) => candidate.kind === 'proxy' && candidate.open());
    if (wire === undefined) throw new Error(`the hub holds no connection to ${options.id}`);
    return wire;
  }

  async function begin(request: Outgoing): Promise<Ongoing> {
    return beginText(requestText(request, writer, token), await wireFor(request.wire ?? 'hub'), request.wait ?? usualWait);
  }

  function beginText(text: string, wire: SampleWire, wait: number): Ongoing {
    const message = put(text, wire);
    const ongoing = exchanges.begin(message, wire, wait);
    return { ...ongoing, cancel: () => beginText(writeCancel(message), wire, usualWait).done };
  }

  /** `begin` to its end; no connection counts as a failed exchange. */
  async function send(request: Outgoing): Promise<Exchange> {
    const began = performance.now();
    try {
      return await (await begin(request)).done;
    } catch (thrown) {
      const failure = thrown instanceof Error ? thrown.message : String(thrown);
      return {
        request: ownMessage(requestText(request, writer, token)),
        responses: [],
        final: undefined,
        failure,
        took: performance.now() - began,
      };
    }
  }

  async function post(request: Outgoing): Promise<Message> {
    return put(requestText(request, writer, token), await wireFor(request.wire ?? 'hub'));
  }

  const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }, (socket) => {
    take(socket, 'proxy');
  });
  // A peer that breaks off its handshake is no business of ours.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const listen = options.listen;
  if (listen !== undefined) {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listen.port, listen.host, resolve);
    });
    const address = server.address();
    writer.sentBy = `${listen.host}:${typeof address === 'object' && address !== null ? address.port : listen.port}`;
  }

  return {
    id: options.id,
    domain: options.domain,
    port: listen === undefined ? 0 : Number(writer.sentBy.split(':').at(-1)),
    seen,
    dial: async () => {
      await wireFor('hub');
    },
    send,
    begin,
    post,
    sendText: async (text, wait = usualWait) => beginText(text, await wireFor('hub'), wait).done,
    async acknowledge(exchange) {
      if (exchange.final === undefined) throw new Error('there is no final response to acknowledge');
      const dialog = callerDialog(exchange.request, exchange.final);
      await post(dialogRequest(dialog, 'ACK'));
      return dialog;
    },
    write: async (bytes) => (await wireFor('hub')).write(bytes),
    sight(test, wait = usualWait) {
      const found = seen.find(test);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(watch);
          reject(new Error(`${options.id} did not see what it waited for within ${wait} ms`));
        }, wait);
        const watch = (sight: Sight) => {
          if (!test(sight)) return;
          clearTimeout(timer);
          watchers.delete(watch);
          resolve(sight);
        };
        watchers.add(watch);
      });
    },
    onSight(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    onHubClosed(listener) {
      closeWatchers.add(listener);
      return () => closeWatchers.delete(listener);
    },
    async close() {
      for (const wire of wires) wire.destroy();
      if (listen !== undefined) await new Promise((resolve) => server.close(resolve));
    },
  };
}
