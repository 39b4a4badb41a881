import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTokenText, secretHash, tokenText } from '@guildhall/chassis/api/access-token-text';
import { authorityOfToday, certificateFor, openCaller, type Shown, writeShown } from '@guildhall/chassis/api/api-port.stage';
import type { Authority } from '@guildhall/chassis/authority/authority';
import { createLogger } from '@guildhall/chassis/log';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { createMeters } from '@guildhall/chassis/meters';
import { AccessAnswer, AccessQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { policyQueue, subjects } from '@guildhall/proto/subjects';
import { z } from 'zod';
import { accessConfig, grpcConfig, httpConfig } from './config-doors.js';
import { openGetter } from './doors-getter.stage.js';
import { type PlayedFeed, playFeed } from './feed.stage.js';
import { openDoors } from './open-doors.js';

const schema = z.strictObject({ grpc: grpcConfig, http: httpConfig, access: accessConfig });

/** Who is behind which certificate and which token, as policy would say. */
export interface PlayedPolicy {
  /** A new token of "operator", "dashboard" or "member:acme". */
  token(scope: string): string;
  /** Of a token or a certificate's PEM: nobody any more. */
  revoke(shown: string): void;
  /** From now on nobody answers; again: somebody does. */
  fall(): void;
  rise(): void;
  /** Questions it got, newest last. */
  readonly questions: AccessQuestion[];
}

/** Certificates of a hub and of one member. */
export interface DoorsCast {
  readonly authority: Authority;
  readonly hub: Shown;
  readonly acme: Shown;
}

/** Issues them anew. */
export async function makeDoorsCast(): Promise<DoorsCast> {
  const authority = await authorityOfToday('Guild');
  const [hub, acme] = await Promise.all([certificateFor(authority, 'hub.example'), certificateFor(authority, 'acme.example')]);
  return { authority, hub, acme };
}

/** Settings as in a configuration file; `clear`: without certificates. */
export interface DoorsOptions {
  readonly grpc?: Readonly<Record<string, unknown>>;
  readonly http?: Readonly<Record<string, unknown>>;
  readonly access?: Readonly<Record<string, unknown>>;
  readonly clear?: boolean;
  /** ms for which answers of policy hold. */
  readonly holdsFor?: number;
}

/** Both doors, open over a played feed and a played policy, and clients of both. */
export async function openDoorsStage(cast: DoorsCast, { clear = false, holdsFor = 100, ...settings }: DoorsOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-doors-'));
  const certificate = writeShown(folder, 'hub', cast.hub);
  const shown = clear ? {} : { certificate };
  const config = schema.parse({
    grpc: { port: 0, ...shown, ...settings.grpc },
    http: { port: 0, ...shown, ...settings.http },
    access: { patience: 300, ...settings.access },
  });
  const bus = memoryBus();
  const policy = playPolicy(bus, holdsFor, new Map([[derOf(cast.acme), 'member:acme']]));
  const feed: PlayedFeed = playFeed();
  const meters = createMeters('console', 'test');
  let ready = true;
  const doors = await openDoors(
    { ...config, reload: 20 },
    {
      bus,
      feed,
      meters,
      log: createLogger('console', 'test', { level: 'silent', pretty: false }),
      wall: () => Date.now(),
      ready: () => ready,
    },
  );
  const caller = openCaller(doors.grpc, clear ? undefined : cast.authority.pem);
  const getter = openGetter(doors.http, clear ? undefined : cast.authority.pem);
  return {
    bus,
    policy,
    feed,
    doors,
    caller,
    getter,
    certificate,
    folder,
    metrics: () => meters.prometheus(),
    setReady(now: boolean) {
      ready = now;
      doors.refresh();
    },
    async close() {
      caller.close();
      getter.close();
      await doors.close(100);
      await meters.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An open stage. */
export type DoorsStage = Awaited<ReturnType<typeof openDoorsStage>>;

function playPolicy(bus: ReturnType<typeof memoryBus>, holdsFor: number, scopes: Map<string, string>): PlayedPolicy {
  const questions: AccessQuestion[] = [];
  let made = 0;
  const answer = ({ tokenId, tokenHash, certificate }: AccessQuestion): AccessAnswer => {
    const key = certificate.length > 0 ? certificate.toString('base64') : `${tokenId} ${tokenHash.toString('hex')}`;
    const scope = scopes.get(key);
    if (scope === undefined) return AccessAnswer.fromPartial({ refused: 'That is nobody.', holdsFor });
    const [kind = '', member = ''] = scope.split(':');
    return AccessAnswer.fromPartial({
      scope: kind,
      member,
      who: tokenId === '' ? `certificate of ${member}` : `token ${tokenId}`,
      holdsFor,
    });
  };
  const listen = () =>
    bus.subscribe(
      subjects.access,
      (payload, reply) => {
        const question = AccessQuestion.decode(payload);
        questions.push(question);
        reply?.(AccessAnswer.encode(answer(question)).finish());
      },
      policyQueue,
    );
  let stop = listen();
  return {
    questions,
    token(scope) {
      made += 1;
      const id = made.toString(16).padStart(10, '0');
      const secret = made.toString(16).padStart(48, 'a');
      scopes.set(`${id} ${secretHash(secret).toString('hex')}`, scope);
      return tokenText({ kind: 'access', id, secret, authoritySha256: '' });
    },
    revoke(shown) {
      const parts = readTokenText(shown);
      scopes.delete(parts === undefined ? derOf({ certificate: shown }) : `${parts.id} ${secretHash(parts.secret).toString('hex')}`);
    },
    fall: () => stop(),
    rise() {
      stop = listen();
    },
  };
}

/** The bytes of a PEM text in base64. */
function derOf({ certificate }: Pick<Shown, 'certificate'>): string {
  return certificate.replace(/-----[A-Z ]+-----|\s/g, '');
}
