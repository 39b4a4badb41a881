import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authorityOfToday,
  certificateFor,
  openCaller,
  type Shown,
  spkiOf,
  tokenIn,
  writeShown,
} from '@guildhall/chassis/api/api-port.stage';
import type { Caller } from '@guildhall/chassis/api/caller';
import { createHealth } from '@guildhall/chassis/api/health';
import type { Authority } from '@guildhall/chassis/authority/authority';
import type { Bus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { createMeters } from '@guildhall/chassis/meters';
import { GetAuthorityResponse } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { PutMemberResponse, WatchMembershipResponse } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { createClosing } from '../closing.js';
import { configSchema } from '../config.js';
import type { Membership } from '../decision/membership.js';
import { sampleMembership } from '../decision/sample-membership.js';
import { accessHandlers } from './access-handlers.js';
import { standInHandlers } from './stand-in-handlers.stage.js';
import { openApi } from './start-api.js';

/** The certificates of a community with three members: acme under the community's authority, bolt under its own, cara by a pin. */
export interface Cast {
  readonly community: Authority;
  readonly boltsOwn: Authority;
  readonly stranger: Authority;
  readonly hub: Shown;
  readonly acme: Shown;
  readonly bolt: Shown;
  readonly cara: Shown;
  readonly operator: Shown;
}

/** Issues all of them anew, with keys of their own. */
export async function makeCast(): Promise<Cast> {
  const [community, boltsOwn, stranger] = await Promise.all([
    authorityOfToday('Guild'),
    authorityOfToday('Bolt'),
    authorityOfToday('Else'),
  ]);
  const [hub, acme, bolt, cara, operator] = await Promise.all([
    certificateFor(community, 'hub.example'),
    certificateFor(community, 'acme.example'),
    certificateFor(boltsOwn, 'bolt.example'),
    certificateFor(stranger, 'whatever.example'),
    certificateFor(stranger, 'ops.example'),
  ]);
  return { community, boltsOwn, stranger, hub, acme, bolt, cara, operator };
}

/** What a test changes while the port is open. */
export interface Facts {
  membership: Membership | undefined;
  /** Serial numbers by the issuer's key. */
  revoked: ReadonlyMap<string, readonly string[]>;
  putMember(caller: Caller): Promise<PutMemberResponse>;
  readonly failures: unknown[];
}

/** The community as a membership; `acmes` goes behind acme's domains. */
export function membershipOf({ community, boltsOwn, cara }: Cast, acmes = ''): Membership {
  return sampleMembership({
    members: `[
      { id: acme, domains: [acme.example] ${acmes} },
      { id: bolt, domains: [bolt.example], trust: { ca: [own.crt] } },
      { id: cara, domains: [cara.example], pins: [${spkiOf(cara)}] }]`,
    pem: new Map([
      ['ca.crt', community.pem],
      ['own.crt', boltsOwn.pem],
    ]),
  });
}

/** Opens the API on a port of its own with stand-ins for what it would change. `grpc` are settings; without a certificate it is in the clear. */
export async function openGuardedPort(cast: Cast, { grpc = {}, clear = false, bus = memoryBus() }: PortOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-port-'));
  const files = writeShown(folder, 'hub', cast.hub);
  const operatorTokenFile = join(folder, 'operator.token');
  const facts: Facts = {
    membership: membershipOf(cast),
    revoked: new Map(),
    putMember: async () => PutMemberResponse.create(),
    failures: [],
  };
  const failed = (_what: string, thrown: unknown): void => {
    facts.failures.push(thrown);
  };
  const config = configSchema.parse({
    reload: 20,
    grpc: { operatorTokenFile, operators: [spkiOf(cast.operator)], ...(clear ? {} : { certificate: files }), ...grpc },
  });
  const meters = createMeters('policy', 'test');
  const closing = createClosing((thrown) => failed('closing', thrown));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  closing.add(() => meters.close());
  const membership = () => facts.membership;
  const api = await openApi(config, {
    bus,
    log: createLogger('policy', 'test', { level: 'silent', pretty: false }),
    meters,
    closing,
    membership,
    revoked: () => ({ version: 1n, revoked: facts.revoked }),
    wall: () => new Date(),
    failed,
  });
  const handlers = api.guarded(
    standInHandlers({
      AccessService: accessHandlers({ tokens: api.tokens, audit: api.audit, membership }),
      AuthorityService: { getAuthority: async () => GetAuthorityResponse.create() },
      MembershipService: {
        putMember: (_request, caller) => facts.putMember(caller),
        async *watchMembership(_request, _caller, signal) {
          yield WatchMembershipResponse.fromPartial({ version: 1n });
          if (signal?.aborted !== true) await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
        },
      },
    }),
  );
  const health = createHealth([], 2);
  const port = await api.open(handlers, health);
  closing.add(() => port.close(100));
  const caller = openCaller(port.address, clear ? undefined : cast.community.pem);
  return {
    api,
    port,
    health,
    facts,
    caller,
    folder,
    files,
    operatorTokenFile,
    operatorToken: () => tokenIn(operatorTokenFile),
    metrics: () => meters.prometheus(),
    async close() {
      caller.close();
      await closing.run();
    },
  };
}

/** `grpc`: settings as in the configuration file; `clear`: no certificate, so no TLS; `bus`: where tokens and the audit log are kept. */
export interface PortOptions {
  readonly grpc?: Readonly<Record<string, unknown>>;
  readonly clear?: boolean;
  readonly bus?: Pick<Bus, 'keyValue' | 'journal' | 'subscribe'>;
}

/** An open port of a test. */
export type GuardedPort = Awaited<ReturnType<typeof openGuardedPort>>;
