import { appendFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { authorityOfToday, bearer, certificateFor, openCaller, writeShown } from '@guildhall/chassis/api/api-port.stage';
import { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceService, PutMemberRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cast, type GuardedPort, makeCast, membershipOf, openGuardedPort, type PortOptions } from './guarded-port.stage.js';

let cast: Cast;
const open: GuardedPort[] = [];

async function start(options: PortOptions = {}): Promise<GuardedPort> {
  const stage = await openGuardedPort(cast, options);
  open.push(stage);
  return stage;
}

const at = (stage: GuardedPort) => ({ host: '127.0.0.1', port: Number(stage.port.address.split(':')[1]) });
const asOperator = (stage: GuardedPort) => bearer(stage.operatorToken());
const whoAmI = (stage: GuardedPort) => stage.caller.ask(AccessServiceService.whoAmI, {}, asOperator(stage));

/** Fingerprint of what a new handshake is shown. */
function shown(stage: GuardedPort): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls({ ...at(stage), rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** Resolves to the status with which a stream ends, once it does. */
function ended(stream: ReturnType<GuardedPort['caller']['listen']>): Promise<number> {
  return new Promise((resolve) => {
    stream.on('error', (error: ServiceError) => resolve(error.code));
    stream.on('end', () => resolve(status.OK));
    stream.resume();
  });
}

/** The answer to one request of the reflection service, as text. */
function reflection(stage: GuardedPort, version: string, request: Buffer, token: string): Promise<string> {
  const same = (bytes: Buffer) => bytes;
  const metadata = new Metadata();
  if (token !== '') metadata.set('authorization', `Bearer ${token}`);
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const call = stage.caller.client().makeBidiStreamRequest(path, same, same, metadata);
  return new Promise((resolve, reject) => {
    call.on('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
    call.on('error', reject);
    call.write(request);
    call.end();
  });
}

beforeAll(async () => {
  cast = await makeCast();
});
afterEach(async () => {
  for (const stage of open.splice(0)) await stage.close();
});

describe('the gRPC port refuses', () => {
  it.each(['0.0.0.0', '192.0.2.1', 'hub.example', '::', '127.0.0.1.example'])('to speak in the clear at %s', async (host) => {
    await expect(start({ clear: true, grpc: { host } })).rejects.toMatchObject({ code: 'grpc-in-the-clear', exitCode: 2 });
  });

  it('what is no HTTP/2 over TLS, and goes on', async () => {
    const stage = await start({ grpc: { handshakeTime: '1500ms' } });
    const closed = (socket: TLSSocket | ReturnType<typeof connectPlain>) =>
      new Promise<void>((resolve) => {
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    const silent = connectPlain(at(stage));
    const junk = connectPlain(at(stage));
    junk.write('GET / HTTP/1.1\r\n\r\n');
    const old = connectTls({ ...at(stage), rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    const none = connectTls({ ...at(stage), rejectUnauthorized: false });
    await Promise.all([silent, junk, old, none].map(closed));
    await expect(whoAmI(stage)).resolves.toMatchObject({ scope: 'operator' });
    expect(await stage.metrics()).toMatch(/guildhall_policy_api_refusals_total\{[^}]*why="connection"[^}]*\} [3-9]/);
  });

  it.each(['connections', 'connectionsPerAddress'])('more %s than it may have', async (setting) => {
    const stage = await start({ clear: true, grpc: { [setting]: 2 } });
    const sockets = [1, 2].map(() => connectPlain(at(stage)));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const third = connectPlain(at(stage));
    third.on('error', () => undefined);
    await new Promise((resolve) => third.once('close', resolve));
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect(await whoAmI(stage)).toBeDefined(), 30_000);
  });

  it('a request that is too large or no message, and a method there is none of', async () => {
    const stage = await start({ grpc: { requestBytes: '1KiB' } });
    const large = PutMemberRequest.fromPartial({ member: { name: 'x'.repeat(2000) } });
    await expect(stage.caller.ask(MembershipServiceService.putMember, large, asOperator(stage))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    const raw = (path: string) => ({ path, requestSerialize: (bytes: Buffer) => bytes, responseDeserialize: (bytes: Buffer) => bytes });
    const junk = stage.caller.ask(raw(MembershipServiceService.putMember.path), Buffer.from([0x0a, 0xff]), asOperator(stage));
    await expect(junk).rejects.toMatchObject({ code: status.INTERNAL });
    const nothing = stage.caller.ask(raw('/guildhall.admin.v1.AdminService/Nothing'), Buffer.alloc(0), asOperator(stage));
    await expect(nothing).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    await expect(whoAmI(stage)).resolves.toBeDefined();
  });

  it('more streams than it may have, until one ends', async () => {
    const stage = await start({ grpc: { watches: 2 } });
    const listen = () => stage.caller.listen(MembershipServiceService.watchMembership, {}, asOperator(stage));
    const streams = [listen(), listen()];
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('data', resolve))));
    const codes = streams.map(ended);
    expect(await ended(listen())).toBe(status.RESOURCE_EXHAUSTED);
    streams[0]?.cancel();
    expect(await codes[0]).toBe(status.CANCELLED);
    await vi.waitFor(async () => {
      const next = listen();
      await new Promise((resolve, reject) => {
        next.once('data', resolve);
        next.once('error', reject);
      });
      next.on('error', () => undefined);
      next.cancel();
    }, 30_000);
  });

  it('to wait for a request without end, and more strangers at once than it may have', async () => {
    const stage = await start({ grpc: { requestTime: '1500ms', strangersPerAddress: 2 } });
    const same = (bytes: Buffer) => bytes;
    /** A call whose request never comes. */
    const silent = (path: string, token = '') => {
      const metadata = new Metadata();
      if (token !== '') metadata.set('authorization', `Bearer ${token}`);
      const call = stage.caller.client().makeBidiStreamRequest(path, same, same, metadata);
      call.resume();
      return new Promise<number>((resolve) => call.on('error', (error: ServiceError) => resolve(error.code)));
    };
    const { path } = AuthorityServiceService.enrol;
    const codes = await Promise.all([silent(path), silent(path), silent(path), silent(path)]);
    expect(codes.toSorted((one, other) => one - other)).toEqual([
      status.DEADLINE_EXCEEDED,
      status.DEADLINE_EXCEEDED,
      status.RESOURCE_EXHAUSTED,
      status.RESOURCE_EXHAUSTED,
    ]);
    expect(await silent(MembershipServiceService.putMember.path, stage.operatorToken())).toBe(status.DEADLINE_EXCEEDED);
    await expect(stage.caller.ask(AuthorityServiceService.getAuthority, {}, {})).resolves.toBeDefined();
  });

  it('to wait for a handler without end, and says nothing of what went wrong inside', async () => {
    const stage = await start({ grpc: { patience: '1s' } });
    stage.facts.putMember = () => Promise.reject(new Error('secret inside'));
    const put = () => stage.caller.ask(MembershipServiceService.putMember, PutMemberRequest.create(), asOperator(stage));
    await expect(put()).rejects.toMatchObject({ code: status.INTERNAL, details: 'The hub could not make an answer; its log says why.' });
    expect(stage.facts.failures).toHaveLength(1);
    stage.facts.putMember = () => new Promise(() => undefined);
    await expect(put()).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });

  it('reflection without credentials', async () => {
    const stage = await start();
    await expect(reflection(stage, 'v1', Buffer.from([0x3a, 0x00]), '')).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });
});

describe('the gRPC port', () => {
  it.each(['v1', 'v1alpha'])('tells who is known what there is, by reflection %s', async (version) => {
    const stage = await start();
    const answer = (bytes: Buffer) => reflection(stage, version, bytes, stage.operatorToken());
    const services = await answer(Buffer.from([0x3a, 0x00]));
    expect(services).toContain('guildhall.admin.v1.MembershipService');
    expect(services).toContain('grpc.health.v1.Health');
    const symbol = 'guildhall.admin.v1.AdminService';
    const file = await answer(Buffer.concat([Buffer.from([0x22, symbol.length]), Buffer.from(symbol)]));
    expect(file).toContain('guildhall/admin/v1/membership.proto');
  });

  it('shows another certificate as soon as its files change; a broken one changes nothing, and open streams live on', async () => {
    const stage = await start();
    const stream = stage.caller.listen(MembershipServiceService.watchMembership, {}, asOperator(stage));
    await new Promise((resolve) => stream.once('data', resolve));
    const end = ended(stream);
    const first = await shown(stage);
    writeFileSync(stage.files.cert, 'nothing');
    await vi.waitFor(async () => expect(await stage.metrics()).toMatch(/api_reloads_total\{[^}]*result="failed"[^}]*\} 1/), 30_000);
    expect(await shown(stage)).toBe(first);
    writeShown(stage.folder, 'hub', await certificateFor(cast.community, 'hub.example'));
    await vi.waitFor(async () => expect(await shown(stage)).not.toBe(first), 30_000);
    await expect(whoAmI(stage)).resolves.toBeDefined();
    stream.cancel();
    expect(await end).toBe(status.CANCELLED);
  });

  it('takes another token from the file', async () => {
    const stage = await start();
    const before = asOperator(stage);
    writeFileSync(stage.operatorTokenFile, `gh1_a_${'1'.repeat(10)}_${'1'.repeat(48)}\n`);
    await vi.waitFor(async () => expect(await whoAmI(stage)).toBeDefined(), 30_000);
    await expect(stage.caller.ask(AccessServiceService.whoAmI, {}, before)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    appendFileSync(stage.operatorTokenFile, 'more\n');
  });

  it('knows the certificates of an authority that came with a change of the membership', async () => {
    const next = await authorityOfToday('Next');
    const acme = await certificateFor(next, 'acme.example');
    const stage = await start();
    const ask = () => stage.caller.ask(AccessServiceService.whoAmI, {}, { shown: acme });
    await expect(ask()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    stage.facts.membership = membershipOf({ ...cast, community: next });
    stage.api.refresh();
    await expect(ask()).resolves.toMatchObject({ scope: 'member:acme' });
    await expect(stage.caller.ask(AccessServiceService.whoAmI, {}, { shown: cast.acme })).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });

  it('takes hundreds of calls at once, each for its own caller', async () => {
    const stage = await start({ clear: true });
    const caller = openCaller(stage.port.address);
    const tokens = await Promise.all(
      ['operator', 'dashboard', 'member:acme', 'member:bolt'].map(async (scope) => {
        const order = { kind: 'access', scope, note: '', createdBy: 'test', expiresMs: 0 } as const;
        return { scope, secret: (await stage.api.tokens.create(order)).secret };
      }),
    );
    const asked = Array.from({ length: 200 }, async (_, index) => {
      const one = tokens[index % tokens.length];
      const told = await caller.ask(AccessServiceService.whoAmI, {}, bearer(one?.secret ?? ''));
      return told.scope === one?.scope;
    });
    expect(new Set(await Promise.all(asked))).toEqual(new Set([true]));
    caller.close();
  });

  it('ends its streams and says why, when it closes', async () => {
    const stage = await start();
    const stream = stage.caller.listen(MembershipServiceService.watchMembership, {}, asOperator(stage));
    await new Promise((resolve) => stream.once('data', resolve));
    const end = ended(stream);
    await stage.port.close(5000);
    expect(await end).toBe(status.UNAVAILABLE);
  });
});
