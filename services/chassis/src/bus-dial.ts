import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { BusConfig } from './bus.js';
import { busFault } from './bus-fault.js';

const redialMs = 150;
const firstConnectMs = 5000;
/** A connection that is open but silent is given up after two of these. */
const pingMs = 2000;

/**
 * One connection to NATS: once it has been there it is redialled for ever. `inbox` is what answers come to. Throws a Fault when the first connect
 * fails (`bus-unreachable`, `bus-authorization`).
 */
export function dialNats(config: BusConfig, name: string, inbox: string): Promise<NatsConnection> {
  return connect({
    servers: config.url.split(','),
    name,
    ...(config.user === undefined ? {} : { user: config.user, pass: config.password ?? '' }),
    timeout: firstConnectMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: redialMs,
    reconnectJitter: redialMs / 3,
    // Without it, two refusals in a row (a server that restarts with its users not yet loaded) would end the redialling.
    ignoreAuthErrorAbort: true,
    pingInterval: pingMs,
    maxPingOut: 2,
    noAsyncTraces: true,
    inboxPrefix: inbox,
  }).catch((thrown: unknown) => {
    throw busFault(thrown, config);
  });
}
