import type { Instance } from './roster.js';

/** What a roster keeps of one instance. */
export interface Known {
  readonly service: string;
  readonly id: string;
  readonly epoch: string;
  draining: boolean;
  load: number;
  returns: number;
  /** What stands for it in `Hello.hears`. */
  readonly key: number;
  /** Monotonic receipt time of its last hello. */
  heard: number;
  /** The like of the last that did not deny that it hears this process. */
  listed: number;
  /** It is heard and does not hear: nothing said to it arrives. */
  deaf: boolean;
  /** Nothing was heard of it since this process came back to NATS: it may be on its way back too. */
  awaited: boolean;
  /** It was missed meanwhile. */
  unheard: boolean;
}

/** An instance that did not hear what was said to it: its hellos mean nothing until then, unless it has come back meanwhile. */
export interface Missed {
  readonly epoch: string;
  readonly returns: number;
  until: number;
}

/** The instances of one service, and what is told of them. */
export interface Service {
  readonly known: Map<string, Known>;
  fresh: readonly Instance[];
  ids: readonly string[];
  every: readonly Instance[];
}

/** Over all services. */
export function countKnown(services: ReadonlyMap<string, Service>): number {
  let count = 0;
  for (const service of services.values()) count += service.known.size;
  return count;
}

/** Makes anew what is told of a service's instances. */
export function list(service: Service): void {
  service.every = [...service.known.values()].filter(({ deaf }) => !deaf).sort((a, b) => (a.id < b.id ? -1 : 1));
  service.fresh = service.every.filter((instance) => !instance.draining);
  service.ids = service.fresh.map((instance) => instance.id);
}
