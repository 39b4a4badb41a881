import { obeyOrders } from '../stage/child.js';
import { type Answerer, openAnswerer, type SubscriptionListener } from './answerer.js';
import type { Answer, Order } from './load-protocol.js';
import { type Notifier, openNotifier } from './notifier.js';
import { numberIn } from './request-template.js';
import { openSender, type Sender } from './sender.js';

/** A child of the bench: obeys orders over IPC, one after the other, and ends with its parent. */
function serve(): void {
  let sender: Sender | undefined;
  let notifier: Notifier | undefined;
  const answerers: Answerer[] = [];
  const listener: SubscriptionListener = {
    subscribed: (text, at, end) => notifier?.subscribed(text, at, end),
    notified: (text, at, end) => sender?.notified(numberIn(text, at, end)),
  };
  const sum = (count: (answerer: Answerer) => number): number => answerers.reduce((all, one) => all + count(one), 0);

  obeyOrders(async (order: Order): Promise<Answer> => {
    switch (order.kind) {
      case 'listen': {
        const first = await openAnswerer(order.port, order.identity, listener);
        const others = await Promise.all((order.others ?? []).map((identity) => openAnswerer(0, identity, listener)));
        answerers.push(first, ...others);
        return { kind: 'listening', port: first.port, others: others.map(({ port }) => port) };
      }
      case 'connect':
        sender = await openSender(order, order.identity, order.peer, { connections: order.connections, pattern: order.pattern });
        return { kind: 'connected' };
      case 'notify':
        notifier = await openNotifier(order, order.identity, order.peer, order.connections);
        return { kind: 'connected' };
      case 'run':
        if (sender === undefined) return { kind: 'failed', why: 'not connected' };
        return { kind: 'result', result: await sender.run(order.load) };
      case 'requests':
        return {
          kind: 'requests',
          requests: sum((one) => one.got().requests),
          acknowledged: sum((one) => one.got().acknowledged),
          reads: sum((one) => one.got().reads),
          notified: notifier?.notified() ?? 0,
          troubles: notifier?.troubles() ?? [],
        };
      case 'disconnect':
        sender?.close();
        notifier?.close();
        sender = undefined;
        notifier = undefined;
        return { kind: 'disconnected' };
    }
  });
}

serve();
