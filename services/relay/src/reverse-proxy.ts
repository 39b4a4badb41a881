import { waitsForLink } from './client-transaction.js';
import type { Link, MemberProxy } from './member.js';
import { createLine } from './queue.js';
import type { Transaction } from './transaction.js';
import type { WireSender } from './wire-batch.js';

/** The key of the way through this ingress. */
export function reverseKey(ingress: string): string {
  return `ingress ${ingress}`;
}

/**
 * A member that only dials out is reached over the connections it opened: an ingress that holds one is its proxy, always up
 * until it says otherwise (RFC 5923). `gone` is called with the link when it is.
 */
export function createReverseProxy(
  member: string,
  ingress: string,
  priority: number,
  sender: WireSender,
  sent: () => void,
  gone: (link: Link) => void,
): MemberProxy {
  let open = true;
  const wire = { wire: '', member, source: '' };
  const link: Link = {
    id: reverseKey(ingress),
    member,
    address: reverseKey(ingress),
    isUp: () => open,
    standing: () => ({ state: open ? 'up' : 'closed', why: '', certificateEnds: 0 }),
    hasRoom: () => true,
    write(head, source, start, end) {
      if (!open) return;
      sent();
      sender.add(ingress, wire, head, source, start, end);
    },
  };
  const proxy: MemberProxy = {
    key: reverseKey(ingress),
    address: reverseKey(ingress),
    through: ingress,
    priority,
    weight: 1,
    line: createLine<Transaction>((transaction) => waitsForLink(transaction.state) && transaction.proxy === proxy),
    links: [link],
    condition: () => (open ? 'up' : 'resting'),
    restsFor: () => (open ? 0 : Number.POSITIVE_INFINITY),
    fault: () => 0,
    ready: () => (open ? link : undefined),
    want: () => undefined,
    tick: () => undefined,
    close() {
      open = false;
      gone(link);
    },
  };
  return proxy;
}
