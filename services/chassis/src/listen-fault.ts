import { Fault } from './fault.js';
import { hostPort } from './host-port.js';

/** What `listen` failed with, for any listener of ours: `setting` names the configuration key to change. */
export function listenFault(thrown: unknown, what: string, at: { host: string; port: number }, setting: string): Fault {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const where = hostPort(at.host, at.port);
  switch (code) {
    case 'EADDRINUSE':
      return new Fault('port-taken', `${what} cannot listen on ${where}: the port is taken`, {
        cure: `end what listens there (ss -ltnp shows it), or change ${setting}`,
        cause: thrown,
      });
    case 'EACCES':
      return new Fault('port-forbidden', `${what} cannot listen on ${where}: not allowed`, {
        cure: `use a port of 1024 or above in ${setting}, or give the process CAP_NET_BIND_SERVICE`,
        cause: thrown,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Fault('address-unavailable', `${what} cannot listen on ${where}: this machine has no such address`, {
        cure: `set ${setting} to an address of this machine, or to 0.0.0.0 for all of them`,
        cause: thrown,
      });
    default:
      return new Fault('cannot-listen', `${what} cannot listen on ${where}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
        cure: `check ${setting}`,
        cause: thrown,
      });
  }
}
