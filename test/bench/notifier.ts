import { createDialogQueue, createDialogTemplates, createNotifyTemplate } from './dialog-template.js';
import { type Goal, openConnections } from './lanes.js';
import type { Identity } from './load-protocol.js';
import { type ResponseSink, scanResponses } from './response-scan.js';

/** A member's proxy that sends a NOTIFY for each SUBSCRIBE it gets, over connections of its own. */
export interface Notifier {
  /** A SUBSCRIBE came in, with the head text[at, end). */
  subscribed(text: string, at: number, end: number): void;
  /** NOTIFYs answered with 200, since the start. */
  notified(): number;
  /** What went wrong, in words, without repetition. */
  troubles(): readonly string[];
  close(): void;
}

/** Opens the connections to the hub. `peer` is the domain that subscribes. Rejects when one is refused. */
export async function openNotifier(goal: Goal, identity: Identity, peer: string, connections: number): Promise<Notifier> {
  const sockets = await openConnections(goal, identity, connections);
  const troubles = new Set<string>();
  const queue = createDialogQueue(
    createDialogTemplates(false, (path, run) => createNotifyTemplate({ from: peer, to: identity.domain, run }, path)),
  );
  let notified = 0;
  let next = 0;
  let scheduled = false;
  let closed = false;
  const sink: ResponseSink = {
    response(status) {
      if (status === 200) notified += 1;
      else if (status > 200) troubles.add(`a NOTIFY was answered ${status}`);
    },
    broken: (text) => troubles.add(`not a response: ${JSON.stringify(text)}`),
  };
  for (const socket of sockets) {
    let rest = '';
    socket.on('error', (error) => troubles.add(error.message));
    socket.on('close', () => closed || troubles.add('a connection of the notifier was closed'));
    socket.on('data', (chunk: Buffer) => {
      const text = rest === '' ? chunk.toString('latin1') : rest + chunk.toString('latin1');
      const used = scanResponses(text, sink);
      rest = used === text.length ? '' : text.slice(used);
    });
  }
  // All of a turn leave in one write; the connections take turns.
  const flush = (): void => {
    scheduled = false;
    const due = queue.take();
    if (due === undefined) return;
    sockets[next % sockets.length]?.write(due);
    next += 1;
  };
  return {
    subscribed(text, at, end) {
      queue.add(text, at, end);
      if (!scheduled) setImmediate(flush);
      scheduled = true;
    },
    notified: () => notified,
    troubles: () => [...troubles],
    close() {
      closed = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
