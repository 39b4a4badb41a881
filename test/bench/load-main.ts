import { obeyOrders } from '../stage/child.js';
import { type Answerer, openAnswerer } from './answerer.js';
import type { Answer, Order } from './load-protocol.js';
import { openSender, type Sender } from './sender.js';

/** A child of the bench: obeys orders over IPC, one after the other, and ends with its parent. */
function serve(): void {
  let sender: Sender | undefined;
  let answerer: Answerer | undefined;

  obeyOrders(async (order: Order): Promise<Answer> => {
    switch (order.kind) {
      case 'listen':
        answerer = await openAnswerer(order.port, order.identity);
        return { kind: 'listening', port: answerer.port };
      case 'connect':
        sender = await openSender(order.port, order.serverName, order.identity, order.peer, order.connections);
        return { kind: 'connected' };
      case 'run':
        if (sender === undefined) return { kind: 'failed', why: 'not connected' };
        return { kind: 'result', result: await sender.run(order.load) };
      case 'requests':
        return { kind: 'requests', requests: answerer?.requests() ?? 0 };
      case 'disconnect':
        sender?.close();
        answerer?.close();
        return { kind: 'disconnected' };
    }
  });
}

serve();
