import { logVerbosity, Server, ServerCredentials, setLogVerbosity, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { fileDescriptors } from '@guildhall/proto/gen/descriptors';
import { HealthService } from '@guildhall/proto/gen/grpc/health/v1/health';
import type { PolicyConfig } from '../config.js';
import type { ApiEvents } from './api-events.js';
import type { ApiHandlers } from './api-handlers.js';
import { scopesByPath } from './api-methods.js';
import { addServices, apiServiceNames } from './api-services.js';
import type { Authenticated, Credentials } from './authenticate.js';
import type { Scope } from './caller.js';
import { createGate } from './grpc-authentication.js';
import { createCalls } from './grpc-calls.js';
import { type DoorTls, openGrpcDoor } from './grpc-door.js';
import type { Health } from './health.js';

const healthServiceName = 'grpc.health.v1.Health';

/** What the port is made of. */
export interface GrpcPortNeeds {
  /** Guarded. */
  readonly handlers: ApiHandlers;
  readonly health: Health;
  readonly events: ApiEvents;
  authenticate(credentials: Credentials): Promise<Authenticated>;
  /** Undefined: in the clear. */
  readonly tls: DoorTls | undefined;
  failed(what: string, thrown: unknown): void;
}

/** The gRPC port. */
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
function reflection(): ReflectionService {
  const fileDescriptorProtos = fileDescriptors.map((descriptor) => Buffer.from(descriptor, 'base64'));
  const carrier = { format: 'Protocol Buffer 3 EnumDescriptorProto' as const, type: {}, fileDescriptorProtos };
  return new ReflectionService({ guildhall: carrier }, { services: [...apiServiceNames, healthServiceName] });
}

/** Who may call what, by path: the API's own table, health for everybody, reflection for whoever is known. */
function allowed(): (path: string) => readonly Scope[] | undefined {
  const table = scopesByPath();
  return (path) => {
    if (path.startsWith(`/${healthServiceName}/`)) return anybody;
    if (path.startsWith('/grpc.reflection.')) return known;
    return table.get(path);
  };
}

/** Serves guildhall.admin.v1, health and reflection. Throws a Fault when it cannot listen. */
export async function openGrpcPort(at: PolicyConfig['grpc'], needs: GrpcPortNeeds): Promise<GrpcPort> {
  const { events, failed } = needs;
  // What the library would write to stderr past our log comes to us as an error too.
  setLogVerbosity(logVerbosity.NONE);
  const gate = createGate({
    authenticate: needs.authenticate,
    certificateOf: (peer) => door.certificateOf(peer),
    scopes: allowed(),
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
    interceptors: [gate.interceptor],
  });
  const calls = createCalls({
    callerOf: gate.callerOf,
    refusedSince: gate.refusedSince,
    patience: at.patience,
    streams: at.watches,
    failed,
    answered: (name, code) => events.answered(name, status[code]),
  });
  addServices(server, needs.handlers, calls);
  server.addService(HealthService, needs.health.service);
  reflection().addToServer(server);
  // The library's own listeners take neither another certificate later nor one that they do not approve of themselves.
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const door = await openGrpcDoor(at, needs.tls, {
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
