import type { Bus } from '@guildhall/chassis/bus';
import type { StreamPublisher } from '@guildhall/chassis/stream-publisher';
import { subjects } from '@guildhall/proto/subjects';
import { createHepExport } from './hep-export.js';
import { createKeptHeads } from './kept-heads.js';
import { createMarkedMembers } from './marked-members.js';
import { createTap, type Tap } from './tap.js';
import type { HepConfig, KeptConfig } from './tap-config.js';
import type { TapFigures } from './tap-events.js';

/** A tap that is fed by policy, a capture server and JetStream. */
export interface OpenTap extends Tap {
  readonly figures: TapFigures;
  /** Hands over what was kept and looks no more. */
  close(): void;
}

/** What a tap takes from outside. */
export interface TapParts {
  readonly config: { readonly id: string; readonly hep: HepConfig; readonly kept: KeptConfig };
  /** This incarnation of ingress. */
  readonly epoch: string;
  readonly bus: Pick<Bus, 'publisher' | 'subscribe'>;
  /** Whose domain (lower case) it is; undefined: nobody's. */
  ownerOf(domain: string): string | undefined;
  /** The capture server cannot be reached; told now and then. */
  captureFailed(why: string): void;
  /** Monotonic, and wall time in ms. */
  clock(): number;
  wall(): number;
}

/** Bytes of heads that wait for JetStream, and of these on their way; ms after which they are said again. */
const publishing = { bytes: 4 * 1024 * 1024, inFlight: 1024 * 1024, retry: 2_000 };
/** How often marks are looked at whose time may be over, ms. */
const tendTime = 1_000;

/** Opens what the configuration wants. Throws a Fault for a secret that cannot be read. */
export function openTap({ config, epoch, bus, ownerOf, captureFailed, clock, wall }: TapParts): OpenTap {
  const { id } = config;
  const stored = { stored: 0, dropped: 0 };
  const hep = config.hep.enabled ? createHepExport(config.hep, { id, clock, failed: captureFailed }) : undefined;
  const marked = createMarkedMembers(clock);
  let publisher: StreamPublisher | undefined;
  let batches = 0;

  const publish = (payload: Uint8Array, count: number): void => {
    // Most ingresses never keep a head, and need no connection for it.
    publisher ??= bus.publisher({
      ...publishing,
      stored(number) {
        stored.stored += number;
      },
      dropped(number) {
        stored.dropped += number;
      },
    });
    batches += 1;
    publisher.publish(subjects.kept(id), payload, `${epoch}.kept.${batches}`, count);
  };
  const kept = config.kept.enabled ? createKeptHeads({ id, config: config.kept, marked, ownerOf, publish, clock, wall }) : undefined;
  const tap = createTap({ hep, bodies: config.hep.bodies, kept, wall });

  const stops: (() => void)[] = [];
  if (kept !== undefined) {
    const stop = bus.subscribe(subjects.marked, (payload) => {
      marked.take(payload);
      tap.review();
    });
    const flushing = setInterval(kept.flush, config.kept.interval);
    const tending = setInterval(() => {
      marked.tend();
      tap.review();
    }, tendTime);
    stops.push(
      stop,
      () => clearInterval(flushing),
      () => clearInterval(tending),
    );
  }

  return Object.assign(tap, {
    figures: { hep: hep?.counts, kept: kept === undefined ? undefined : { counts: kept.counts, stored, dialogs: kept.dialogs } },
    close() {
      for (const stop of stops) stop();
      kept?.flush();
      publisher?.close();
      hep?.close();
    },
  });
}
