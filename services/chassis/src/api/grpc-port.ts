import { logVerbosity, Server, ServerCredentials, type ServerInterceptor, setLogVerbosity, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { fileDescriptors } from '@guildhall/proto/gen/descriptors';
import { HealthService } from '@guildhall/proto/gen/grpc/health/v1/health';
import type { Scope } from './caller.js';
import type { Authenticated, Credentials } from './credentials.js';
import { createGate } from './grpc-authentication.js';
import { type Calls, createCalls } from './grpc-calls.js';
import type { Health } from './health.js';
import type { StreamPlaces } from './stream-places.js';
import { type DoorSettings, type DoorTls, openTlsDoor } from './tls-door.js';

const healthServiceName = 'grpc.health.v1.Health';

/** Where a gRPC port is and what it bears: bytes, ms and numbers. */
export interface GrpcPortSettings extends DoorSettings {
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Calls at the same time on one connection. */
  readonly streams: number;
  /** A connection without a call is closed after this. */
  readonly idle: number;
  /** Calls without credentials under way at the same time, in all and from one address. */
  readonly strangers: number;
  readonly strangersPerAddress: number;
  readonly requestTime: number;
  readonly patience: number;
  /** A stream ends whose reader takes nothing for so long. */
  readonly stall: number;
}

/** What is told of a port. */
export interface GrpcPortEvents {
  /** A call was answered; `code` is the name of the gRPC status. */
  answered(name: string, code: string): void;
  /** A call was turned away before its request was read. */
  turnedAway(path: string, source: string, why: string): void;
  /** A connection did not come about. */
  notConnected(source: string, why: string): void;
}

/** What a port is made of. */
export interface GrpcPortNeeds {
  /** Full names of the services, as clients write them. */
  readonly services: readonly string[];
  /** Gives the server what answers their calls. */
  addServices(server: Server, calls: Calls): void;
  /** Scopes that may call the method of a path of theirs; undefined: nobody may. */
  scopes(path: string): readonly Scope[] | undefined;
  readonly health: Health;
  readonly events: GrpcPortEvents;
  readonly places: StreamPlaces;
  authenticate(credentials: Credentials): Promise<Authenticated>;
  /** Undefined: in the clear. */
  readonly tls: DoorTls | undefined;
  failed(what: string, thrown: unknown): void;
  /** Around every call, the gate included. */
  readonly interceptors?: readonly ServerInterceptor[];
}

/** A gRPC port. */
export interface GrpcPort {
  /** "host:port" as bound. */
  readonly address: string;
  /** New handshakes see this from now on. */
  serve(tls: DoorTls): void;
  /** Lets calls finish for at most so many ms. */
  close(withinMs: number): Promise<void>;
}

const anybody: readonly Scope[] = ['operator', 'member', 'dashboard', 'nobody'];
const known: readonly Scope[] = ['operator', 'member', 'dashboard'];

/** Lets clients such as grpcurl ask what there is. The library wants descriptors hung on some type; the type itself is not looked at. */
function reflection(services: readonly string[]): ReflectionService {
  const fileDescriptorProtos = fileDescriptors.map((descriptor) => Buffer.from(descriptor, 'base64'));
  const carrier = { format: 'Protocol Buffer 3 EnumDescriptorProto' as const, type: {}, fileDescriptorProtos };
  return new ReflectionService({ guildhall: carrier }, { services: [...services, healthServiceName] });
}

/** Who may call what, by path: the services' own table, health for everybody, reflection for whoever is known. */
function allowed(scopes: GrpcPortNeeds['scopes']): GrpcPortNeeds['scopes'] {
  return (path) => {
    if (path.startsWith(`/${healthServiceName}/`)) return anybody;
    if (path.startsWith('/grpc.reflection.')) return known;
    return scopes(path);
  };
}

/** Serves these services, health and reflection. Throws a Fault when it cannot listen. */
export async function openGrpcPort(at: GrpcPortSettings, needs: GrpcPortNeeds): Promise<GrpcPort> {
  const { events, failed } = needs;
  // What the library would write to stderr past our log comes to us as an error too.
  setLogVerbosity(logVerbosity.NONE);
  const gate = createGate({
    authenticate: needs.authenticate,
    certificateOf: (peer) => door.certificateOf(peer),
    scopes: allowed(needs.scopes),
    strangers: at.strangers,
    strangersPerAddress: at.strangersPerAddress,
    requestTime: at.requestTime,
    turnedAway: events.turnedAway,
    failed,
  });
  const server = new Server({
    'grpc.max_receive_message_length': at.requestBytes,
    'grpc.max_send_message_length': at.responseBytes,
    'grpc.max_concurrent_streams': at.streams,
    'grpc.max_connection_idle_ms': at.idle,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    interceptors: [...(needs.interceptors ?? []), gate.interceptor],
  });
  const calls = createCalls({
    callerOf: gate.callerOf,
    refusedSince: gate.refusedSince,
    patience: at.patience,
    places: needs.places,
    stall: at.stall,
    failed,
    answered: (name, code) => events.answered(name, status[code]),
  });
  needs.addServices(server, calls);
  server.addService(HealthService, needs.health.service);
  reflection(needs.services).addToServer(server);
  // The library's own listeners take neither another certificate later nor one that they do not approve of themselves.
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const kind = { protocol: 'h2', name: 'the gRPC port', section: 'grpc' } as const;
  const door = await openTlsDoor(kind, at, needs.tls, {
    connected: (socket) => connections.injectConnection(socket),
    failed: events.notConnected,
  });
  return {
    address: door.address,
    serve: door.serve,
    close: (withinMs) =>
      new Promise((resolve) => {
        door.close();
        needs.health.end();
        calls.end();
        const force = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, withinMs);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}
