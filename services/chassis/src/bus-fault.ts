import { errors } from '@nats-io/transport-node';
import type { BusConfig } from './bus.js';
import { Fault } from './fault.js';

/** What a failed first connect means to the operator. */
export function busFault(thrown: unknown, config: BusConfig): Fault {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof errors.AuthorizationError || thrown instanceof errors.UserAuthenticationExpiredError) {
    return new Fault(
      'bus-authorization',
      `NATS at ${config.url} does not let ${config.user === undefined ? 'us in without a user' : `user "${config.user}" in`}`,
      {
        cure: 'set nats.user and nats.password (GUILDHALL_NATS_USER, GUILDHALL_NATS_PASSWORD) to what the nats-server configuration has',
        cause: thrown,
      },
    );
  }
  // A server that wants a client certificate just stays silent after the TLS handshake.
  const hint =
    thrown instanceof errors.TimeoutError ? 'no answer in time; a server that asks for a client certificate looks like this too' : reason;
  return new Fault('bus-unreachable', `NATS cannot be reached at ${config.url}: ${hint}`, {
    cure: 'start nats-server there, or set nats.url (GUILDHALL_NATS_URL) to where it is',
    exitCode: 3,
    cause: thrown,
  });
}

/** A Fault for a server older than 2.9, the first with all we use; undefined for one that will do. */
export function tooOld(version: string, url: string): Fault | undefined {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  if (major > 2 || (major === 2 && minor >= 9)) return undefined;
  return new Fault('bus-too-old', `NATS at ${url} is version ${version}: 2.9 or newer is needed`, {
    cure: 'upgrade nats-server',
    exitCode: 3,
  });
}
