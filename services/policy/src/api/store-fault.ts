import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { JournalError } from '@guildhall/chassis/journal';
import { KeyValueError } from '@guildhall/chassis/key-value';

/**
 * What JetStream did not read or keep, for the caller: `what` is the first half of the sentence ("The membership cannot be written"), `next`
 * what to do once the cause is gone. Routing goes on meanwhile, and every answer from memory.
 */
export function storeFault(thrown: unknown, what: string, next: string): ApiFault {
  const code = thrown instanceof KeyValueError || thrown instanceof JournalError ? thrown.code : 'failed';
  switch (code) {
    case 'full':
      return new ApiFault(
        'unavailable',
        `${what}: JetStream of NATS has no room left.`,
        `make room on the disk of nats-server, or raise the limits of its JetStream; then ${next}`,
        thrown,
      );
    case 'unavailable':
      return new ApiFault(
        'unavailable',
        `${what}: NATS does not answer, or its JetStream stores nothing.`,
        `see /readyz of policy; where the disk of nats-server is or was full or read-only, make room and restart nats-server; then ${next}`,
        thrown,
      );
    case 'conflict':
    case 'failed':
      return new ApiFault(
        'unavailable',
        `${what}: ${thrown instanceof Error ? thrown.message : 'an error of JetStream'}.`,
        `see the log of nats-server; then ${next}`,
        thrown,
      );
  }
}
