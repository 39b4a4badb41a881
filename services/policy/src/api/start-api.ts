import type { X509Certificate } from 'node:crypto';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { whoIs } from '@guildhall/chassis/api/caller';
import { type GrpcPort, openGrpcPort } from '@guildhall/chassis/api/grpc-port';
import type { Health } from '@guildhall/chassis/api/health';
import { createLimiter } from '@guildhall/chassis/api/limiter';
import { createStreamPlaces } from '@guildhall/chassis/api/stream-places';
import type { DoorTls } from '@guildhall/chassis/api/tls-door';
import type { Bus } from '@guildhall/chassis/bus';
import { parseAnchors } from '@guildhall/chassis/certificate';
import { openCertificateFiles } from '@guildhall/chassis/certificate-files';
import { monotonic } from '@guildhall/chassis/clock';
import { faultFrom } from '@guildhall/chassis/fault';
import { watchFiles } from '@guildhall/chassis/file-watch';
import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import { type Revocations, revocationTable, revokedIn } from '@guildhall/chassis/revocations';
import { auditSubject, buckets, streams } from '@guildhall/proto/subjects';
import type { OwnCertificate } from '../authority/certificate-expiry.js';
import { answerMemberIds } from '../bus/member-ids.js';
import type { Revoked } from '../bus/revocations-page.js';
import type { Closing } from '../closing.js';
import type { PolicyConfig } from '../config.js';
import type { Membership } from '../decision/membership.js';
import { answerAccess } from './access-answer.js';
import type { AccessTokens } from './access-tokens.js';
import { createApiEvents } from './api-events.js';
import { createGuard, type Guard } from './api-guard.js';
import type { ApiHandlers } from './api-handlers.js';
import { scopesByPath } from './api-methods.js';
import { addServices, apiServiceNames, guardHandlers } from './api-services.js';
import { type Audit, createAudit } from './audit.js';
import { authenticate } from './authenticate.js';
import { certificateJudge } from './client-certificate.js';
import { keepAccessTokens } from './keep-access-tokens.js';
import { openOperatorTokenFile } from './operator-token-file.js';
import { endTokensOfTheGone } from './tokens-of-the-gone.js';

/** What the API stands on. */
export interface ApiNeeds {
  readonly bus: Pick<Bus, 'keyValue' | 'journal' | 'subscribe'>;
  readonly log: Logger;
  readonly meters: Meters;
  /** What is opened is added, to be closed with the rest. */
  readonly closing: Closing;
  membership(): Membership | undefined;
  revoked(): Revoked | undefined;
  wall(): Date;
  failed(what: string, thrown: unknown): void;
  /** Around every call. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
}

/** The API before its port is open: what handlers are made with. */
export interface Api {
  readonly tokens: AccessTokens;
  readonly audit: Audit;
  /** What its port shows. */
  certificates(): readonly OwnCertificate[];
  /** Another membership is in force: other authorities may count. */
  refresh(): void;
  /** Puts authorization and audit before the handlers. */
  guarded(handlers: ApiHandlers): ApiHandlers;
  /** Opens the port for guarded handlers. Throws a Fault. */
  open(handlers: ApiHandlers, health: Health): Promise<GrpcPort>;
}

/** Refusals audited a second, and at once: more are counted only, so that nobody fills the log with them. */
const refusalsAudited = { perSecond: 5, burst: 100 } as const;
/** How much more than a second's changes a caller may ask for at once. */
const burst = 10;

/** Opens tokens, audit log, certificate and operator's token file. Rejects with a Fault or a KeyValueError. */
export async function openApi(config: Pick<PolicyConfig, 'grpc' | 'reload'>, needs: ApiNeeds): Promise<Api> {
  const { bus, closing, membership, wall, failed } = needs;
  const at = config.grpc;
  const files = at.certificate === undefined ? undefined : openCertificateFiles(at.certificate);
  const operatorFile = at.operatorTokenFile === undefined ? undefined : openOperatorTokenFile(at.operatorTokenFile);
  const events = createApiEvents(needs.log, needs.meters, {
    certificateEnds: () => files?.current().validTo,
    wall: () => wall().getTime(),
  });
  const tokens = await keepAccessTokens(await bus.keyValue(buckets.accessTokens, { history: 1 }), {
    wall: () => wall().getTime(),
    unusable: events.tokenUnusable,
    most: at.tokens,
  });
  closing.add(tokens.stop);
  const audit = createAudit(await bus.journal(streams.audit, auditSubject), events);
  const guard: Guard = createGuard({
    audit,
    tokens,
    wall,
    changes: createLimiter(at.changesPerSecond, at.changesPerSecond * burst, monotonic),
    refusals: createLimiter(refusalsAudited.perSecond, refusalsAudited.burst, monotonic),
    refused: (name, caller, why, audited) => events.refused(name, whoIs(caller), caller.source, why, audited),
  });
  const judge = certificateJudge({
    membership,
    operators: new Set(at.operators),
    revoked: revocationLookup(needs.revoked),
    wall: () => wall().getTime(),
  });

  const access = answerAccess(
    bus,
    { tokens, operatorFile: (id, hash) => operatorFile?.has(id, hash) === true, judge, membership },
    { failed },
  );
  closing.add(() => access.inOrder());
  const memberIds = answerMemberIds(bus, membership);
  closing.add(() => memberIds.inOrder());

  const endTokens = endTokensOfTheGone({ tokens, audit, wall, failed });
  endTokens(membership());
  let port: GrpcPort | undefined;
  const anchorsOf = anchorsCollector();
  let anchors = anchorsOf(membership());
  const shown = (): DoorTls | undefined => (files === undefined ? undefined : { ...files.current(), anchors });
  const serve = (): void => {
    const tls = shown();
    if (tls !== undefined) port?.serve(tls);
  };
  const tellCertificate = (): void => {
    if (files !== undefined) events.certificateServed(files.current().fingerprint, files.current().validTo);
  };
  const reload = (): void => {
    if (operatorFile?.reload() === false) events.notReloaded("the operator's token file", 'it holds no token that can be read');
    try {
      if (files?.reload() !== true) return;
      serve();
      tellCertificate();
    } catch (thrown) {
      events.notReloaded('the certificate of the gRPC port', faultFrom(thrown).message);
    }
  };
  const watched = [at.certificate?.cert, at.certificate?.key, at.operatorTokenFile].filter((path) => path !== undefined);
  if (config.reload > 0 && watched.length > 0) closing.add(watchFiles(() => watched, config.reload, reload));

  return {
    tokens,
    audit,
    certificates: () => (files === undefined ? [] : [ownCertificate(files.current())]),
    refresh() {
      endTokens(membership());
      const next = anchorsOf(membership());
      if (next.length === anchors.length && next.every((pem, index) => pem === anchors[index])) return;
      anchors = next;
      serve();
    },
    guarded: (handlers) => guardHandlers(handlers, guard),
    async open(handlers, health) {
      const scopes = scopesByPath();
      port = await openGrpcPort(at, {
        interceptors: needs.interceptors ?? [],
        services: apiServiceNames,
        addServices: (server, calls) => addServices(server, handlers, calls),
        scopes: (path) => scopes.get(path),
        places: createStreamPlaces(at.watches),
        health,
        events,
        tls: shown(),
        failed,
        authenticate: (credentials) =>
          authenticate(credentials, { tokens, operatorFile: (text) => operatorFile?.is(text) === true, judge, membership }),
      });
      tellCertificate();
      return port;
    },
  };
}

function ownCertificate({ cert, validTo }: { readonly cert: string; readonly validTo: number }): OwnCertificate {
  return { holder: 'hub', serial: parseAnchors([cert])[0]?.serialNumber.toLowerCase() ?? '', validTo };
}

/** Every authority that may be behind a member's certificate. One that cannot be read would take the others with it, so it is left out. */
function anchorsCollector(): (membership: Membership | undefined) => string[] {
  let known = new Map<string, boolean>();
  return (membership) => {
    const now = new Map<string, boolean>();
    const take = (pem: string): void => {
      // Parsing is what costs, with thousands of members and a change every few seconds.
      if (!now.has(pem)) now.set(pem, known.get(pem) ?? isReadable(pem));
    };
    for (const pem of membership?.community.anchors ?? []) take(pem);
    for (const { anchors } of membership?.members.values() ?? []) for (const pem of anchors) take(pem);
    known = now;
    return [...now].filter(([, readable]) => readable).map(([pem]) => pem);
  };
}

function isReadable(pem: string): boolean {
  try {
    return parseAnchors([pem]).length > 0;
  } catch {
    return false;
  }
}

/** Looks certificates up in what policy knows to be revoked; before that is known, nobody gets in by certificate. */
function revocationLookup(revoked: () => Revoked | undefined) {
  let made: { readonly from: Revoked['revoked']; readonly table: Revocations } | undefined;
  return (chain: readonly X509Certificate[], anchors: readonly X509Certificate[]): string | undefined => {
    const known = revoked();
    if (known === undefined) return 'the revocation lists were not read yet';
    if (made?.from !== known.revoked) {
      const lists = [...known.revoked].map(([issuer, serials]) => ({
        issuer: Buffer.from(issuer, 'hex'),
        serials: serials.map((serial) => Buffer.from(serial.length % 2 === 0 ? serial : `0${serial}`, 'hex')),
      }));
      made = { from: known.revoked, table: revocationTable(known.version, lists) };
    }
    return revokedIn(chain, anchors, made.table) === undefined ? undefined : 'it is revoked';
  };
}
