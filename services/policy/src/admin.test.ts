import { type ChannelCredentials, Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { HealthClient, HealthCheckResponse_ServingStatus as Serving } from '@guildhall/proto/gen/grpc/health/v1/health';
import { AdminServiceClient, ExplainRequest } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Admin, type AdminSources, adminServiceName, startAdmin } from './admin.js';
import { configSchema } from './config.js';
import { createHealth, type Health } from './health.js';
import type { Membership } from './membership.js';
import { sampleMembership } from './sample-membership.js';

const membership = sampleMembership({ members: '[{ id: acme, domains: [acme.example] }, { id: bolt, domains: [bolt.example] }]' });
const plain: ChannelCredentials = credentials.createInsecure();
const clients: Client[] = [];

let admin: Admin;
let health: Health;
let inForce: () => Membership | undefined;
let failed: AdminSources['failed'];

function open<C extends Client>(client: C): C {
  clients.push(client);
  return client;
}

/** Sends these bytes as the request of a unary call, or as the only one of a stream, and resolves to the first answer's bytes. */
function raw(path: string, bytes: Buffer, streamed: boolean): Promise<Buffer> {
  const client = open(new Client(admin.address, plain));
  const same = (given: Buffer) => given;
  return new Promise((resolve, reject) => {
    if (streamed) {
      const call = client.makeBidiStreamRequest(path, same, same);
      call.on('data', resolve);
      call.on('error', reject);
      call.write(bytes);
      call.end();
    } else {
      client.makeUnaryRequest(path, same, same, bytes, (error: ServiceError | null, answer?: Buffer) =>
        error === null && answer !== undefined ? resolve(answer) : reject(error),
      );
    }
  });
}

beforeEach(async () => {
  inForce = () => membership;
  failed = vi.fn();
  health = createHealth([adminServiceName], 2);
  const sources = {
    membership: () => inForce(),
    entries: () => undefined,
    wall: () => 0,
    failed: (what: string, thrown: unknown) => failed(what, thrown),
  };
  admin = await startAdmin(configSchema.parse({ grpc: { requestBytes: '1KiB' } }).grpc, sources, health);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await admin.close(100);
});

describe('the gRPC port refuses', () => {
  const explain = (text: string) =>
    new Promise((resolve, reject) => {
      const client = open(new AdminServiceClient(admin.address, plain));
      client.explain(ExplainRequest.fromPartial({ from: 'acme', to: text }), (error, response) =>
        error === null ? resolve(response) : reject(error),
      );
    });

  it('a question that makes no sense, with a sentence', async () => {
    await expect(explain('bolz')).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'to "bolz" is no member (did you mean bolt?).',
    });
  });

  it('what is too large, what is no message, and what it does not have', async () => {
    await expect(explain('x'.repeat(2000))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await expect(raw(`/${adminServiceName}/Explain`, Buffer.from([0x0a, 0xff]), false)).rejects.toMatchObject({ code: status.INTERNAL });
    await expect(raw(`/${adminServiceName}/Nothing`, Buffer.alloc(0), false)).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    await expect(explain('bolt')).resolves.toMatchObject({ code: 'allowed' });
  });

  it('while there is no membership', async () => {
    inForce = () => undefined;
    await expect(explain('bolt')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    const client = open(new AdminServiceClient(admin.address, plain));
    const membershipOf = new Promise((resolve, reject) =>
      client.getMembership({ version: 0n }, (error, response) => (error === null ? resolve(response) : reject(error))),
    );
    await expect(membershipOf).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('without a word of what went wrong inside', async () => {
    inForce = () => {
      throw new Error('secret inside');
    };
    await expect(explain('bolt')).rejects.toMatchObject({
      code: status.INTERNAL,
      details: 'The hub could not make an answer; its log says why.',
    });
    expect(failed).toHaveBeenCalledOnce();
  });
});

describe('health', () => {
  it('is told to those who watch when it changes', async () => {
    const seen: Serving[] = [];
    const watch = open(new HealthClient(admin.address, plain)).watch({ service: adminServiceName });
    watch.on('data', (answer: { status: Serving }) => seen.push(answer.status));
    const ended = new Promise((resolve) => watch.on('end', resolve));
    await vi.waitFor(() => expect(seen).toEqual([Serving.NOT_SERVING]));
    health.set(true);
    health.set(true);
    health.set(false);
    await vi.waitFor(() => expect(seen).toEqual([Serving.NOT_SERVING, Serving.SERVING, Serving.NOT_SERVING]));
    health.end();
    await ended;
  });

  it('knows no other service, and lets only so many watch', async () => {
    const client = open(new HealthClient(admin.address, plain));
    const first = (service: string) =>
      new Promise((resolve) => {
        const watch = client.watch({ service });
        watch.on('data', (answer: { status: Serving }) => resolve(answer.status));
        watch.on('error', (error: ServiceError) => resolve(error.code));
      });
    expect(await first('other')).toBe(Serving.SERVICE_UNKNOWN);
    expect([await first(''), await first(''), await first('')]).toEqual([
      Serving.NOT_SERVING,
      Serving.NOT_SERVING,
      status.RESOURCE_EXHAUSTED,
    ]);
  });
});

describe('reflection', () => {
  const listServices = Buffer.from([0x3a, 0x00]);
  const fileOf = (symbol: string) => Buffer.concat([Buffer.from([0x22, symbol.length]), Buffer.from(symbol)]);

  it.each(['v1', 'v1alpha'])('%s says what there is', async (version) => {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const services = (await raw(path, listServices, true)).toString('latin1');
    expect(services).toContain('guildhall.admin.v1.AdminService');
    expect(services).toContain('grpc.health.v1.Health');
    const file = (await raw(path, fileOf(adminServiceName), true)).toString('latin1');
    expect(file).toContain('ExplainRequest');
    expect(file).toContain('guildhall/admin/v1/membership.proto');
  });
});
