import { status } from '@grpc/grpc-js';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthServer,
  HealthCheckResponse_ServingStatus as Serving,
} from '@guildhall/proto/gen/grpc/health/v1/health';

/** The standard gRPC health service over one fact: whether this instance can answer. */
export interface Health {
  readonly service: HealthServer;
  /** Tells everyone who watches, if it is news. */
  set(serving: boolean): void;
  /** Ends all watches. */
  end(): void;
}

/** A watch's call, as far as it is needed. */
interface Watch {
  write(response: HealthCheckResponse): unknown;
  end(): void;
}

/** `services` are the names that may be asked for, besides '' for the whole server; `watches` bounds how many watch at once. */
export function createHealth(services: readonly string[], watches: number): Health {
  const names: ReadonlySet<string> = new Set(['', ...services]);
  const watching = new Set<Watch>();
  let serving = false;

  const answer = (): HealthCheckResponse => ({ status: serving ? Serving.SERVING : Serving.NOT_SERVING });
  const isKnown = ({ service }: HealthCheckRequest): boolean => names.has(service);

  return {
    service: {
      check(call, callback) {
        if (isKnown(call.request)) callback(null, answer());
        else callback({ code: status.NOT_FOUND, details: 'There is no service of this name.' });
      },
      watch(call) {
        if (!isKnown(call.request)) {
          call.write({ status: Serving.SERVICE_UNKNOWN });
          call.end();
          return;
        }
        if (watching.size >= watches) {
          call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'Too many watch already.' });
          return;
        }
        watching.add(call);
        const forget = () => watching.delete(call);
        call.on('cancelled', forget);
        call.on('close', forget);
        call.on('error', forget);
        call.write(answer());
      },
    },
    set(now) {
      if (now === serving) return;
      serving = now;
      for (const watch of watching) watch.write(answer());
    },
    end() {
      for (const watch of watching) watch.end();
      watching.clear();
    },
  };
}
