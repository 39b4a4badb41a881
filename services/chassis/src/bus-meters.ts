import type { Bus } from './bus.js';
import type { Meters } from './meters.js';
import type { Roster } from './roster.js';

/** What every service counts of the bus and of the others on it, under the same names. */
export function watchBus(
  meters: Pick<Meters, 'counter' | 'gauge'>,
  { failures, connected }: Pick<Bus, 'failures' | 'connected'>,
  { counts }: Pick<Roster, 'counts'>,
): void {
  meters.gauge('guildhall_bus_up', 'Whether NATS is connected.', () => [[{}, connected() ? 1 : 0]]);
  meters.counter(
    'guildhall_bus_failures',
    'Messages of the bus that went wrong: longer than NATS takes, heard by nobody, or not taken by us.',
    () => [
      [{ what: 'oversize' }, failures.oversize],
      [{ what: 'unheard' }, failures.unheard],
      [{ what: 'handler' }, failures.handler],
    ],
  );
  meters.counter('guildhall_roster_removed', 'Instances of services taken off the roster, by why.', () => [
    [{ why: 'unheard' }, counts.missed],
    [{ why: 'silent' }, counts.stale],
    [{ why: 'deaf' }, counts.deaf],
  ]);
  meters.counter('guildhall_roster_hellos_dropped', 'Hellos that were not believed, by why.', () => [
    [{ why: 'malformed' }, counts.malformedHellos],
    [{ why: 'foreign' }, counts.foreignHellos],
  ]);
}
