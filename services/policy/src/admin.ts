import { logVerbosity, Server, ServerCredentials, type ServiceError, setLogVerbosity, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { hostPort } from '@guildhall/chassis/host-port';
import { listenFault } from '@guildhall/chassis/listen-fault';
import { fileDescriptors } from '@guildhall/proto/gen/descriptors';
import { HealthService } from '@guildhall/proto/gen/grpc/health/v1/health';
import { type AdminServiceServer, AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { Entries } from './compile.js';
import type { PolicyConfig } from './config.js';
import { explain } from './explain.js';
import type { Health } from './health.js';
import type { Membership } from './membership.js';

/** Names of the services that the port offers, for health and reflection. */
export const adminServiceName = 'guildhall.admin.v1.AdminService';
const healthServiceName = 'grpc.health.v1.Health';

/** What the answers are made of. */
export interface AdminSources {
  membership(): Membership | undefined;
  entries(): Entries | undefined;
  /** Time of day in ms. */
  wall(): number;
  /** An answer could not be made: an error of our own. */
  failed(method: string, thrown: unknown): void;
}

/** The gRPC port. */
export interface Admin {
  /** "host:port" as bound. */
  readonly address: string;
  /** Lets calls finish for at most so many ms. */
  close(withinMs: number): Promise<void>;
}

const notLoaded = { code: status.UNAVAILABLE, details: 'The hub has no membership yet: see /readyz of policy for why.' };
const ownError = { code: status.INTERNAL, details: 'The hub could not make an answer; its log says why.' };

function adminService({ membership, entries, wall, failed }: AdminSources): AdminServiceServer {
  return {
    explain(call, callback) {
      try {
        const inForce = membership();
        if (inForce === undefined) {
          callback(notLoaded);
          return;
        }
        const explanation = explain(inForce, call.request, wall());
        if ('invalid' in explanation) callback({ code: status.INVALID_ARGUMENT, details: explanation.invalid });
        else callback(null, explanation.response);
      } catch (thrown) {
        failed('Explain', thrown);
        callback(ownError);
      }
    },
    listTurnedAway(_call, callback) {
      callback(notLoaded);
    },
    getMembership(_call, callback) {
      const inForce = entries();
      if (inForce === undefined) {
        callback(notLoaded);
        return;
      }
      const { version, community, members, agreements, rules } = inForce;
      callback(null, { version, community, members: [...members], agreements: [...agreements], rules: [...rules] });
    },
  };
}

/** Lets clients such as grpcurl ask what there is. The library wants descriptors hung on some type; the type itself is not looked at. */
function reflection(): ReflectionService {
  const fileDescriptorProtos = fileDescriptors.map((descriptor) => Buffer.from(descriptor, 'base64'));
  const carrier = { format: 'Protocol Buffer 3 EnumDescriptorProto' as const, type: {}, fileDescriptorProtos };
  return new ReflectionService({ guildhall: carrier }, { services: [adminServiceName, healthServiceName] });
}

/** gRPC reports a port that is taken as text only; listenFault wants the code of the system's error. */
function withSystemCode(thrown: ServiceError | Error): Error {
  const code = /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL|ENOTFOUND)\b/.exec(thrown.message)?.[1];
  return code === undefined ? thrown : Object.assign(new Error(thrown.message), { code });
}

/** Serves guildhall.admin.v1, health and reflection. Throws a Fault when it cannot listen. */
export async function startAdmin(at: PolicyConfig['grpc'], sources: AdminSources, health: Health): Promise<Admin> {
  // What the library would write to stderr past our log comes to us as an error too.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    'grpc.max_receive_message_length': at.requestBytes,
    'grpc.max_send_message_length': at.responseBytes,
    'grpc.max_concurrent_streams': at.streams,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  server.addService(AdminServiceService, adminService(sources));
  server.addService(HealthService, health.service);
  reflection().addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(hostPort(at.host, at.port), ServerCredentials.createInsecure(), (thrown, bound) => {
      if (thrown === null) resolve(bound);
      else reject(listenFault(withSystemCode(thrown), 'the gRPC port', at, 'grpc.host and grpc.port'));
    });
  });
  return {
    address: hostPort(at.host, port),
    close: (withinMs) =>
      new Promise((resolve) => {
        health.end();
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
