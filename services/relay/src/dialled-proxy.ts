import type { SecureContext } from 'node:tls';
import type { Expectation } from '@guildhall/chassis/distrust';
import { hostPort } from '@guildhall/chassis/host-port';
import { waitsForLink } from './client-transaction.js';
import { createDialledLink, type DialledLink, type LinkListener, type LinkTools } from './dialled-link.js';
import { type DoorCard, linkKey, type ProxyCard } from './door-card.js';
import { Failure } from './failover.js';
import type { Destination } from './link-socket.js';
import type { Member, MemberProxy } from './member.js';
import { createLine } from './queue.js';
import type { Condition } from './targets.js';
import type { Transaction } from './transaction.js';

/** Who listens to the links of a proxy; made for the proxy, so that it can be told which. */
export type ListenerOf = (proxy: MemberProxy) => LinkListener;

/** A proxy of a member that the relay dials, with its links. `contextFor` makes what they are dialled with for these authorities (PEM). */
export function createDialledProxy(
  member: Member,
  card: DoorCard,
  proxyCard: ProxyCard,
  contextFor: (anchors: string) => SecureContext,
  count: number,
  tools: LinkTools,
  listenerOf: ListenerOf,
): MemberProxy {
  const links: DialledLink[] = [];
  const { host, port } = proxyCard;
  let door = card;
  let expected = expectationOf(card, proxyCard);

  const condition = (): Condition => {
    let best: Condition = 'resting';
    for (const link of links) {
      const state = link.state();
      if (state.kind === 'up') return 'up';
      if (state.kind === 'connecting') best = 'opening';
      else if (best === 'resting' && (state.kind === 'idle' || (state.kind === 'backoff' && tools.clock() >= state.until))) best = 'closed';
    }
    return best;
  };

  const proxy: MemberProxy = {
    key: linkKey(proxyCard),
    address: hostPort(host, port),
    priority: proxyCard.priority,
    weight: proxyCard.weight,
    line: createLine<Transaction>((transaction) => waitsForLink(transaction.state) && transaction.proxy === proxy),
    links,
    condition,
    restsFor() {
      let least = Number.POSITIVE_INFINITY;
      for (const link of links) {
        const state = link.state();
        if (state.kind !== 'closed') least = Math.min(least, state.kind === 'backoff' ? Math.max(0, state.until - tools.clock()) : 0);
      }
      return least;
    },
    fault() {
      let bits = 0;
      for (const link of links) {
        const state = link.state();
        if (state.kind === 'backoff') bits |= state.fault === 'untrusted' ? Failure.untrusted : Failure.unreachable;
      }
      return bits;
    },
    ready(choice) {
      const first = links[choice % links.length];
      return first?.isUp() === true ? first : links.find((link) => link.isUp());
    },
    want() {
      for (const link of links) link.want();
    },
    tick(now, wanted) {
      for (const link of links) link.tick(now, wanted);
    },
    expect(next, nextProxy) {
      if (sameExpectation(door, expected.names, next, nextProxy.names)) return;
      door = next;
      expected = expectationOf(next, nextProxy);
      for (const link of links) link.review();
    },
    close() {
      for (const link of links) link.close();
    },
  };

  const to: Destination = { host, port, expected: () => expected, context: () => contextFor(door.anchorText) };
  const listener = listenerOf(proxy);
  while (links.length < count) links.push(createDialledLink(member.id, to, tools, listener));
  return proxy;
}

function expectationOf({ pins, anchors, acceptCommonName }: DoorCard, { names }: ProxyCard): Expectation {
  return { names, pins, anchors, acceptCommonName };
}

function sameExpectation(one: DoorCard, names: readonly string[], other: DoorCard, otherNames: readonly string[]): boolean {
  const text = (card: DoorCard, all: readonly string[]) => JSON.stringify([all, card.pins, card.acceptCommonName, card.anchorText]);
  return text(one, names) === text(other, otherNames);
}
