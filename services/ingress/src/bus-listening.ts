import type { Bus } from '@guildhall/chassis/bus';
import type { Instance, Roster } from '@guildhall/chassis/roster';
import { createSlices } from '@guildhall/chassis/slices';
import { Changed } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import type { BusWires } from './bus-wires.js';
import type { Counts } from './counts.js';
import type { Events } from './events.js';
import { type Again, handOver } from './handover.js';
import type { MessagePath } from './message-path.js';
import { type Gone, refuseGone, takeOutcomes } from './outcomes.js';

/** Whose ears these are, and what they lead to. */
export interface BusEars {
  readonly id: string;
  readonly epoch: string;
  readonly bus: Bus;
  readonly roster: Roster;
  readonly path: Pick<MessagePath, 'turn' | 'responses' | 'transactions' | 'verdicts' | 'relays' | 'forwards' | 'shedding' | 'batches'>;
  readonly counts: Counts;
  readonly events: Events;
  /** Monotonic ms. */
  clock(): number;
}

/** Who else is told. */
export interface BusNews {
  /** The membership has this version, in which these members changed; undefined: perhaps all. */
  changed(members: readonly string[] | undefined, version: bigint): void;
  /** The connection to NATS is back. */
  returned(): void;
  /** The relays that are there are these. */
  relaysChanged(alive: ReadonlySet<string>): void;
}

/** ms of a turn for answers of our own to what relays gave up: 50 µs each, several times that when it is the first time that so many come. */
const goneATurn = 3;

/**
 * Takes what comes in on links that relays dialled. Before this nobody hears it, and a relay gives it to another ingress: one that has just started knows
 * nobody yet. Returns how to stop.
 */
export function hearLinks(bus: Bus, id: string, wires: Pick<BusWires, 'arrived'>): () => void {
  return bus.subscribeAlone(subjects.arrived('ingress', id), wires.arrived);
}

/** Listens to everything else an ingress is told over the bus. Returns how to stop. */
export function listenToBus(ears: BusEars, wires: Pick<BusWires, 'depart'>, news: BusNews): (() => void)[] {
  const { id, epoch, bus, roster, path, counts, events, clock } = ears;
  const { turn, responses, transactions, verdicts, relays, forwards, shedding, batches } = path;
  const { byId } = transactions;
  const gone = createSlices<Gone>(turn, goneATurn, clock, (one) => refuseGone(one, { byId, responses, counts }, clock()));

  const handOverAgain = (again: Again): void => {
    const before = counts.handedOver;
    handOver({ relays, forwards, counts, all: transactions.all }, again, clock());
    if (counts.handedOver > before) events.handedOver(counts.handedOver - before);
  };
  /** Every relay that was there, as it was last, and who of them is there. */
  const known = new Map<string, Instance>();
  let there: ReadonlySet<string> = new Set();
  /** Relays that did not end and yet may have missed something: they came back to NATS, or were not heard for a while. */
  const cameBack = (): readonly string[] => {
    const relays = roster.every('relay');
    const back = relays.filter(({ id, epoch: its, returns }) => {
      const before = known.get(id);
      return before?.epoch === its && (before.returns !== returns || !there.has(id));
    });
    // What an instance was is not to change with what it becomes.
    for (const one of relays) known.set(one.id, { ...one });
    there = new Set(relays.map((relay) => relay.id));
    return back.map((relay) => relay.id);
  };
  const changed = (payload: Uint8Array): void => {
    try {
      const { version, members, all } = Changed.decode(payload);
      verdicts.drop(all ? undefined : new Set(members), version);
      // A change of nobody's is one of keys or revocations.
      if (all || members.length > 0) news.changed(all ? undefined : members, version);
    } catch {
      counts.brokenBatches += 1;
    }
  };

  return [
    bus.subscribeAlone(subjects.ingress(id), (payload) =>
      takeOutcomes(payload, { epoch, responses, gone, counts, byId, relayTold: shedding.relayTold, clock }),
    ),
    bus.subscribeAlone(subjects.depart('ingress', id), wires.depart),
    bus.subscribe(subjects.changed, changed),
    bus.onConnected((up) => {
      events.bus(up);
      if (!up) return;
      // A change may have gone by unheard, and nobody knows what arrived.
      verdicts.doubt();
      handOverAgain('all');
      batches.again('all');
      news.returned();
    }),
    roster.onChange((service) => {
      if (service !== 'relay') return;
      events.relaysChanged(roster.freshIds('relay'));
      shedding.relaysChanged(clock());
      const { returned } = relays.refresh();
      handOverAgain(returned);
      const back = cameBack();
      if (back.length > 0) batches.again(new Set(back.flatMap(wiresOf)));
      news.relaysChanged(there);
    }),
  ];
}

/** What goes to a relay about wires. */
function wiresOf(relay: string): string[] {
  return [subjects.arrived('relay', relay), subjects.depart('relay', relay)];
}
