import { join } from 'node:path';
import { checkoutRoot } from '../stage/checkout.js';
import { type Child, startChild } from '../stage/child.js';
import type { Answer, Order } from './load-protocol.js';

/** A process of the load generator. */
export interface LoadChild extends Pick<Child<Order, Answer>, 'pid' | 'order'> {
  close(): void;
}

/** Starts a process of the load generator; it ends with this one at the latest. Orders are given one at a time. */
export function startLoadChild(): LoadChild {
  const child = startChild<Order, Answer>(join(checkoutRoot(), 'test/dist/bench/load-main.js'), 'the load generator');
  return { pid: child.pid, order: child.order, close: () => child.signal('SIGKILL') };
}
