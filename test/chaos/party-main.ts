import { obeyOrders } from '../stage/child.js';
import { moment } from './moment.js';
import { createPartyClient, type PartyClient } from './party-client.js';
import type { PartyAnswer, PartyOrder } from './party-protocol.js';
import { openPartyServer, type PartyServer } from './party-server.js';

/** A member's proxy as a process: obeys orders over IPC and ends with its parent. */
function serve(): void {
  const since = moment();
  let server: PartyServer | undefined;
  let client: PartyClient | undefined;
  let domain = '';
  const listening = (): PartyServer => {
    if (server === undefined) throw new Error('it does not listen');
    return server;
  };
  const dialled = (): PartyClient => {
    client ??= createPartyClient(domain);
    return client;
  };

  obeyOrders(async (order: PartyOrder): Promise<PartyAnswer> => {
    switch (order.kind) {
      case 'listen':
        domain = order.identity.domain;
        server = await openPartyServer(order.port, order.identity);
        return { kind: 'listen', port: server.port };
      case 'dial':
        await dialled().dial(order);
        return { kind: 'dial' };
      case 'reuse':
        await listening().share(dialled(), order.patience);
        return { kind: 'reuse' };
      case 'send':
        dialled().send(order.peers, order.rate);
        return { kind: 'send' };
      case 'settle':
        return { kind: 'settle', unanswered: await dialled().settle(order.patience) };
      case 'behave':
        await listening().behave(order.behaviour);
        return { kind: 'behave' };
      case 'wear':
        listening().wear(order.identity);
        dialled().wear(order.identity);
        return { kind: 'wear' };
      case 'books':
        return { kind: 'books', books: { domain, since, sent: dialled().book(), received: listening().book() } };
      case 'close':
        server?.close();
        client?.close();
        return { kind: 'close' };
    }
  });
}

serve();
