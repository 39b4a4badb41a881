import type { Bus } from '@guildhall/chassis/bus';
import { askPolicy } from '@guildhall/chassis/bus-ask';
import type { RevocationFeed } from '@guildhall/chassis/revocation-feed';

/** Nobody is dialled before it is known what is revoked: a question for a door waits for that within its time. */
export function onceKnown(bus: Bus, revocations: Pick<RevocationFeed, 'table' | 'known'>): Pick<Bus, 'request'> {
  return {
    async request(subject, payload, timeout) {
      if (revocations.table() === undefined) await within(revocations.known(), timeout);
      return askPolicy(bus, subject, payload, timeout, 'wait');
    },
  };
}

function within(what: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the revocation lists were not read yet')), ms);
    void what.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
