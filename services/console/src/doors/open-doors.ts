import type { ServerInterceptor } from '@grpc/grpc-js';
import { openGrpcPort } from '@guildhall/chassis/api/grpc-port';
import { createHealth } from '@guildhall/chassis/api/health';
import { createStreamPlaces } from '@guildhall/chassis/api/stream-places';
import type { DoorTls } from '@guildhall/chassis/api/tls-door';
import type { Bus } from '@guildhall/chassis/bus';
import { type CertificateFiles, openCertificateFiles } from '@guildhall/chassis/certificate-files';
import { monotonic } from '@guildhall/chassis/clock';
import { faultFrom } from '@guildhall/chassis/fault';
import { watchFiles } from '@guildhall/chassis/file-watch';
import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import { MetricsServiceService } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { z } from 'zod';
import { createAccess } from './access.js';
import type { accessConfig, grpcConfig, httpConfig } from './config-doors.js';
import { createDoorEvents, type DoorName } from './door-events.js';
import type { Feed } from './feed.js';
import { createHttpApp } from './http-app.js';
import { openHttpPort } from './http-port.js';
import { httpRoutes } from './http-routes.js';
import { metricsHandlers, metricsScopes } from './metrics-handlers.js';

/** The part of the configuration that is about the doors. */
export interface DoorsConfig {
  readonly grpc: z.output<typeof grpcConfig>;
  readonly http: z.output<typeof httpConfig>;
  readonly access: z.output<typeof accessConfig>;
  /** How often certificate files are looked at, ms; 0: never. */
  readonly reload: number;
}

/** What the doors stand on. */
export interface DoorsNeeds {
  readonly bus: Pick<Bus, 'request' | 'connected' | 'onConnected'>;
  readonly log: Logger;
  readonly meters: Meters;
  readonly feed: Feed;
  /** Time of day in ms. */
  wall(): number;
  /** Whether this instance can answer. */
  ready(): boolean;
  /** Around every gRPC call. */
  readonly interceptors?: readonly ServerInterceptor[];
}

/** Both doors, open. */
export interface Doors {
  /** "host:port" as bound. */
  readonly grpc: string;
  readonly http: string;
  /** Readiness may have changed: health tells it. */
  refresh(): void;
  /** Lets calls finish for at most so many ms. */
  close(withinMs: number): Promise<void>;
}

/** Full name of the service, as clients write it. */
const serviceName = 'guildhall.metrics.v1.MetricsService';

/** Opens gRPC and HTTPS over one feed, with one set of credentials and bounds. Throws a Fault, and then nothing is open. */
export async function openDoors({ grpc, http, access, reload }: DoorsConfig, needs: DoorsNeeds): Promise<Doors> {
  const files = filesOf({ grpc, http });
  const places = createStreamPlaces(access.streams, access.streamsPerCaller);
  const events = createDoorEvents(needs.log, needs.meters, {
    certificateEnds: () => [...files].map(([name, file]) => [name, file.current().validTo]),
    streams: places.taken,
    wall: needs.wall,
  });
  const authenticate = createAccess({
    bus: needs.bus,
    clock: monotonic,
    patience: access.patience,
    answers: access.answers,
    asked: events.asked,
    failed: events.failed,
  });
  const handlers = metricsHandlers(needs.feed, createStreamPlaces(access.searches, access.searchesPerCaller));
  const health = createHealth([serviceName], grpc.streams);
  health.set(needs.ready());
  const tlsOf = (name: DoorName): DoorTls | undefined => {
    const file = files.get(name);
    // Whose certificate a client shows, policy finds out: TLS is to prove only that it holds the key.
    return file === undefined ? undefined : { ...file.current(), anchors: [] };
  };

  const grpcPort = await openGrpcPort(
    { ...grpc, patience: access.answerTime, stall: access.stall },
    {
      services: [serviceName],
      addServices: (server, { unary, streaming }) =>
        server.addService(MetricsServiceService, {
          watchTraffic: streaming('WatchTraffic', handlers.watchTraffic),
          queryTraffic: unary('QueryTraffic', handlers.queryTraffic),
          searchRecords: streaming('SearchRecords', handlers.searchRecords),
          tailRecords: streaming('TailRecords', handlers.tailRecords),
          getCall: unary('GetCall', handlers.getCall),
          getStatus: unary('GetStatus', handlers.getStatus),
        }),
      scopes: (path) => (path.startsWith(`/${serviceName}/`) ? metricsScopes : undefined),
      health,
      places,
      authenticate,
      tls: tlsOf('grpc'),
      failed: events.failed,
      interceptors: needs.interceptors ?? [],
      events: {
        answered: (name, code) => events.answered('grpc', name, code),
        turnedAway: (path, source, why) => events.turnedAway('grpc', path, source, why),
        notConnected: (source, why) => events.notConnected('grpc', source, why),
      },
    },
  );
  const httpPort = await openHttpPort(http, {
    tls: tlsOf('http'),
    notConnected: (source, why) => events.notConnected('http', source, why),
    app: (certificateOf) =>
      createHttpApp({
        ...http,
        routes: httpRoutes(handlers),
        stall: access.stall,
        answerTime: access.answerTime,
        places,
        knows: needs.feed.knows,
        authenticate,
        certificateOf,
        answered: (name, code) => events.answered('http', name, code),
        turnedAway: (path, source, why) => events.turnedAway('http', path, source, why),
        failed: events.failed,
      }),
  }).catch(async (thrown: unknown) => {
    await grpcPort.close(0);
    throw thrown;
  });

  const ports = { grpc: grpcPort, http: httpPort };
  const tell = (name: DoorName, file: CertificateFiles) =>
    events.certificateServed(name, file.current().fingerprint, file.current().validTo);
  for (const [name, file] of files) tell(name, file);
  const lookAgain = (): void => {
    for (const [name, file] of files) {
      try {
        if (!file.reload()) continue;
        const tls = tlsOf(name);
        if (tls !== undefined) ports[name].serve(tls);
        tell(name, file);
      } catch (thrown) {
        events.notReloaded(name, faultFrom(thrown).message);
      }
    }
  };
  const paths = [grpc.certificate, http.certificate].flatMap((one) => (one === undefined ? [] : [one.cert, one.key]));
  const stopWatching = reload > 0 && paths.length > 0 ? watchFiles(() => paths, reload, lookAgain) : () => undefined;
  return {
    grpc: grpcPort.address,
    http: httpPort.address,
    refresh: () => health.set(needs.ready()),
    async close(withinMs) {
      stopWatching();
      health.set(false);
      await Promise.all([grpcPort.close(withinMs), httpPort.close(withinMs)]);
    },
  };
}

function filesOf({ grpc, http }: Pick<DoorsConfig, 'grpc' | 'http'>): Map<DoorName, CertificateFiles> {
  const files = new Map<DoorName, CertificateFiles>();
  if (grpc.certificate !== undefined) files.set('grpc', openCertificateFiles(grpc.certificate));
  if (http.certificate !== undefined) files.set('http', openCertificateFiles(http.certificate));
  return files;
}
