import { helloServices } from '@guildhall/proto/subjects';
import type { Bus } from './bus.js';
import type { Meters } from './meters.js';
import type { Roster } from './roster.js';

/** What every service counts of the bus and of the others on it, under the same names. */
export function watchBus(
  meters: Pick<Meters, 'counter' | 'gauge'>,
  { failures, connected }: Pick<Bus, 'failures' | 'connected'>,
  { counts, fresh }: Pick<Roster, 'counts' | 'fresh'>,
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
  meters.gauge(
    'guildhall_roster_instances',
    'Instances of services that this one has on its roster and that take new work, by service, itself included.',
    () => helloServices.map((service) => [{ service }, fresh(service).length] as const),
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
