import { type CertificateFiles, openCertificateFiles } from '@guildhall/chassis/certificate-files';
import type { Arrivals } from './arrivals.js';
import type { IngressConfig } from './config.js';
import type { Connections } from './connections.js';
import type { Events } from './events.js';
import type { BoundListener } from './hub.js';
import { type Listener, openListener } from './listener.js';
import { createSelfDial } from './self-dial.js';
import type { TurnAway } from './turning-away.js';

/** The listeners of an ingress, and what they show. */
export interface Listeners {
  /** Opens all of them. Throws a Fault, and then none is open. */
  open(): Promise<readonly (BoundListener & { readonly address: string })[]>;
  /** Authorities (PEM) from which peers may come, from now on. */
  trust(anchors: readonly string[]): void;
  /** Looks whether the certificate files changed, and serves what they hold now. */
  reload(): void;
  certificates(): Iterable<readonly [listener: string, validTo: number]>;
  /** Listeners whose certificate has ended by `now`, wall ms. */
  expired(now: number): string[];
  /** Listeners that showed another certificate than the one they were given. */
  differing(): string[];
  close(): void;
}

interface Place {
  readonly config: IngressConfig['listeners'][number];
  readonly files: CertificateFiles;
  listener: Listener | undefined;
  /** What it shows after a reload was not looked at yet, is being looked at, or is right or wrong. */
  shown: 'unseen' | 'looking' | 'right' | 'wrong';
}

/** How long a listener may take to show its certificate to ourselves, ms. */
const lookTime = 5_000;

/** Reads the certificates at once: throws a Fault where one cannot be used. */
export function createListeners(
  config: IngressConfig,
  arrivals: Arrivals,
  connections: Pick<Connections, 'secured'>,
  turnAway: TurnAway,
  events: Events,
): Listeners {
  const places: Place[] = config.listeners.map((listener) => ({
    config: listener,
    files: openCertificateFiles(listener.certificate ?? config.certificate),
    listener: undefined,
    shown: 'right',
  }));
  const selfDial = createSelfDial();
  let anchors: readonly string[] = [];
  const serve = (place: Place): void => place.listener?.serve({ ...place.files.current(), anchors });
  const close = (): void => {
    for (const place of places) place.listener?.close();
  };

  const open = async (place: Place): Promise<BoundListener & { readonly address: string }> => {
    const { name, host, port } = place.config;
    const listener = await openListener(
      { name, host, port },
      { ...place.files.current(), anchors },
      {
        handshakeTime: config.timeouts.handshake,
        arrivals,
        secured(socket, source) {
          if (selfDial.isOwn(source)) {
            socket.destroy();
            return;
          }
          events.secured();
          connections.secured(socket, source, name);
        },
        failed(reason, source, detail) {
          if (!selfDial.isOwn(source)) turnAway(reason, source, detail, undefined);
        },
      },
    );
    place.listener = listener;
    // The membership may have been learned while the port was being opened.
    serve(place);
    const { fingerprint, validTo } = place.files.current();
    events.certificateServed(name, fingerprint, validTo);
    return { config: place.config, port: listener.port, address: listener.address };
  };

  /** Dials the listener after a reload and tells what it shows. What cannot be seen is looked at again at the next reload. */
  const look = async (place: Place): Promise<void> => {
    const { listener, files } = place;
    if (listener === undefined || place.shown === 'looking') return;
    place.shown = 'looking';
    const { fingerprint, validTo } = files.current();
    try {
      const seen = await selfDial.look(place.config.host, listener.port, lookTime);
      // Replaced once more meanwhile: the next look tells.
      if (files.current().fingerprint !== fingerprint) place.shown = 'unseen';
      else if (seen === fingerprint) {
        place.shown = 'right';
        events.certificateServed(place.config.name, seen, validTo);
      } else {
        place.shown = 'wrong';
        events.certificateNotServed(place.config.name, fingerprint, seen);
      }
    } catch (error) {
      place.shown = 'unseen';
      events.certificateNotServed(place.config.name, fingerprint, error instanceof Error ? error.message : 'nothing');
    }
  };

  return {
    close,
    async open() {
      const bound: (BoundListener & { readonly address: string })[] = [];
      try {
        for (const place of places) bound.push(await open(place));
      } catch (error) {
        close();
        throw error;
      }
      return bound;
    },
    trust(pems) {
      if (pems.length === anchors.length && pems.every((pem, index) => pem === anchors[index])) return;
      anchors = pems;
      for (const place of places) serve(place);
    },
    reload() {
      for (const place of places) {
        try {
          if (place.files.reload()) {
            serve(place);
            if (place.shown !== 'looking') place.shown = 'unseen';
          }
          if (place.shown === 'unseen') void look(place);
        } catch (error) {
          events.certificateFailed(error);
        }
      }
    },
    certificates: () => places.map((place) => [place.config.name, place.files.current().validTo] as const),
    differing: () => places.filter((place) => place.shown === 'wrong').map((place) => place.config.name),
    expired: (now) => places.filter((place) => place.files.current().validTo < now).map((place) => place.config.name),
  };
}
