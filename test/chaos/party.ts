import { join } from 'node:path';
import type { Identity } from '../bench/load-protocol.js';
import { checkoutRoot } from '../stage/checkout.js';
import { type Child, startChild } from '../stage/child.js';
import type { Behaviour, Books, PartyAnswer, PartyOrder } from './party-protocol.js';

/** A member's proxy, a process of its own. */
export interface Party {
  /** The member's id, which is also the first label of its domain. */
  readonly id: string;
  readonly domain: string;
  readonly pid: number;
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Connects to these ports of the hub, `each` connections to every one, and stays connected. */
  dial(ports: readonly number[], serverName: string, each: number): Promise<void>;
  /** Sends on the connections that the hub dials, from now on; resolves when there is one. */
  reuse(): Promise<void>;
  /** Sends to these domains, `rate` a second in all, until told otherwise. */
  send(peers: readonly string[], rate: number): Promise<void>;
  /** Sends nothing new; resolves with the number of unanswered when there are none, or after `patience` ms. */
  settle(patience: number): Promise<number>;
  behave(behaviour: Behaviour): Promise<void>;
  /** Shows another certificate from now on. */
  wear(identity: Identity): Promise<void>;
  books(): Promise<Books>;
  /** A signal to its process: SIGSTOP and SIGCONT freeze it and go on, SIGKILL ends it. Its books die with it. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void;
  /** Starts it anew on the same port after SIGKILL, with empty books. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

/** The hub dials at the first request, and again after a pause that grows. */
const linkPatienceMs = 10_000;

/** Starts a member's proxy; it listens when this resolves. */
export async function startParty(id: string, identity: Identity): Promise<Party> {
  let worn = identity;
  const start = (): Child<PartyOrder, PartyAnswer> =>
    startChild(join(checkoutRoot(), 'test/dist/chaos/party-main.js'), `the proxy of ${id}`, 'advanced');
  let child = start();
  const listen = async (port: number): Promise<number> => (await child.order({ kind: 'listen', port, identity: worn }, 'listen')).port;
  const port = await listen(0);
  return {
    id,
    domain: identity.domain,
    port,
    get pid() {
      return child.pid;
    },
    dial: async (ports, serverName, each) => void (await child.order({ kind: 'dial', ports, serverName, each, identity: worn }, 'dial')),
    reuse: async () => void (await child.order({ kind: 'reuse', patience: linkPatienceMs }, 'reuse')),
    send: async (peers, rate) => void (await child.order({ kind: 'send', peers, rate }, 'send')),
    settle: async (patience) => (await child.order({ kind: 'settle', patience }, 'settle')).unanswered,
    behave: async (behaviour) => void (await child.order({ kind: 'behave', behaviour }, 'behave')),
    async wear(next) {
      worn = next;
      await child.order({ kind: 'wear', identity: next }, 'wear');
    },
    books: async () => (await child.order({ kind: 'books' }, 'books')).books,
    signal: (name) => child.signal(name),
    async revive() {
      await child.ended;
      child = start();
      await listen(port);
    },
    async close() {
      child.signal('SIGKILL');
      await child.ended;
    },
  };
}
