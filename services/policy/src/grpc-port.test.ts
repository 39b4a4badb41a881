import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { status } from '@grpc/grpc-js';
import type { Authority } from '@guildhall/chassis/authority/authority';
import { createLogger } from '@guildhall/chassis/log';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { createMeters, type Meters } from '@guildhall/chassis/meters';
import { HealthService, HealthCheckResponse_ServingStatus as Serving } from '@guildhall/proto/gen/grpc/health/v1/health';
import { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AuthorityServiceService, GetAuthorityResponse } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceService, PutMemberRequest, WatchMembershipResponse } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { accessHandlers } from './access-handlers.js';
import { authorityOfToday, bearer, certificateFor, openCaller, type Shown, serialOf, spkiOf, tokenIn, writeShown } from './api-port.stage.js';
import { createClosing, type Closing } from './closing.js';
import { configSchema, type PolicyConfig } from './config.js';
import type { GrpcPort } from './grpc-port.js';
import { createHealth, type Health } from './health.js';
import type { Membership } from './membership.js';
import { sampleMembership } from './sample-membership.js';
import { standInHandlers } from './stand-in-handlers.stage.js';
import { type Api, openApi } from './start-api.js';

const folder = mkdtempSync(join(tmpdir(), 'guildhall-port-'));
const tokenFile = join(folder, 'operator.token');
const log = createLogger('policy', 'test', { level: 'silent', pretty: false });

let community: Authority;
let boltsOwn: Authority;
let stranger: Authority;
let hub: Shown;
let acme: Shown;
let operator: Shown;

let membership: Membership | undefined;
let revoked: Map<string, string[]>;
let putMember: ReturnType<typeof vi.fn>;
let failed: ReturnType<typeof vi.fn>;
let meters: Meters;
let closing: Closing;
let health: Health;
let api: Api;
let port: GrpcPort;
let caller: ReturnType<typeof openCaller>;

const member = (id: string, rest = '') => `{ id: ${id}, domains: [${id}.example] ${rest} }`;
const members = (acmes = '') =>
  sampleMembership({
    members: `[${member('acme', acmes)}, ${member('bolt', ', trust: { ca: [own.crt] }')}, ${member('cara', `, trust: { pins: [${'a'.repeat(64)}] }`)}]`,
    pem: new Map([
      ['ca.crt', community.pem],
      ['own.crt', boltsOwn.pem],
    ]),
  });
const whoAmI = (as: Parameters<typeof caller.ask>[2]) => caller.ask(AccessServiceService.whoAmI, {}, as);
const unauthenticated = (text: string) => ({ code: status.UNAUTHENTICATED, details: expect.stringContaining(text) });

async function open(grpc: Partial<Record<keyof PolicyConfig['grpc'], unknown>> = {}, bus = memoryBus()): Promise<void> {
  const certificate = writeShown(folder, 'hub', hub);
  const config = configSchema.parse({ reload: 20, grpc: { certificate, operatorTokenFile: tokenFile, operators: [spkiOf(operator)], ...grpc } });
  meters = createMeters('policy', 'test');
  closing = createClosing(failed);
  closing.add(() => meters.close());
  api = await openApi(config, {
    bus,
    log,
    meters,
    closing,
    membership: () => membership,
    revoked: () => ({ version: 1n, revoked }),
    wall: () => new Date(),
    failed,
  });
  const handlers = api.guarded(
    standInHandlers({
      AccessService: accessHandlers({ tokens: api.tokens, audit: api.audit, membership: () => membership }),
      AuthorityService: { getAuthority: async () => GetAuthorityResponse.create() },
      MembershipService: {
        putMember: (request, who) => putMember(request, who),
        async *watchMembership(_request, _who, signal) {
          yield WatchMembershipResponse.fromPartial({ version: 1n });
          await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        },
      },
    }),
  );
  health = createHealth([], 2);
  port = await api.open(handlers, health);
  closing.add(() => port.close(100));
  caller = openCaller(port.address, config.grpc.certificate === undefined ? undefined : community.pem);
}

beforeAll(async () => {
  [community, boltsOwn, stranger] = await Promise.all(['Guild', 'Bolt', 'Stranger'].map(authorityOfToday)) as [Authority, Authority, Authority];
  [hub, acme, operator] = await Promise.all(['hub.example', 'acme.example', 'ops.example'].map((name) => certificateFor(community, name))) as [Shown, Shown, Shown];
});
beforeEach(() => {
  membership = members();
  revoked = new Map();
  putMember = vi.fn(async () => ({}));
  failed = vi.fn();
});
afterEach(async () => {
  caller?.close();
  await closing?.run();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
