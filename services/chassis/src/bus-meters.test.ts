import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { subjects } from '@guildhall/proto/subjects';
import { expect, it } from 'vitest';
import { watchBus } from './bus-meters.js';
import { memoryBus } from './memory-bus.js';
import { createMeters } from './meters.js';
import { createRoster } from './roster.js';

it('counts what nobody heard, who was taken off for it, and hellos that are not believed', async () => {
  const bus = memoryBus(1_000);
  const roster = createRoster(bus, { service: 'ingress', id: 'i1', epoch: 'e1' }, {}, () => 0);
  const meters = createMeters('ingress', 'i1');
  watchBus(meters, bus, roster);
  const hello = (on: string, service: string, id: string) =>
    bus.publish(
      subjects.hello(on, 'x'),
      Hello.encode({ service, id, epoch: 'e1', draining: false, load: 0, returns: 0, hears: [] }).finish(),
    );
  hello('relay', 'relay', 'r1');
  hello('relay', 'policy', 'p1');
  hello('relay', 'relay', 'r.*');
  bus.publish(subjects.hello('policy', 'x'), Buffer.from([0xff]));
  bus.publish(
    'gh.v1.nobody',
    new Uint8Array(1),
    bus.unheard(() => roster.miss('relay', 'r1', 'e1')),
  );
  bus.publish('gh.v1.nobody', new Uint8Array(1_001));
  await Promise.resolve();
  expect(roster.freshIds('relay')).toEqual([]);
  const text = await meters.prometheus();
  const figure = (name: string, label: string) => new RegExp(`^${name}_total\\{[^}]*${label}[^}]*\\} (\\d+)`, 'm').exec(text)?.[1];
  expect([
    figure('guildhall_bus_failures', 'what="unheard"'),
    figure('guildhall_bus_failures', 'what="oversize"'),
    figure('guildhall_roster_removed', 'why="unheard"'),
    figure('guildhall_roster_hellos_dropped', 'why="malformed"'),
    figure('guildhall_roster_hellos_dropped', 'why="foreign"'),
  ]).toEqual(['1', '1', '1', '2', '1']);
  expect(
    ['ingress', 'relay'].map((of) => new RegExp(`^guildhall_roster_instances\\{service="${of}".*\\} (\\d+)`, 'm').exec(text)?.[1]),
  ).toEqual(['1', '0']);
  expect(/^guildhall_bus_up\{[^}]*\} (\d)/m.exec(text)?.[1]).toBe('1');
  roster.close();
  await meters.close();
});
