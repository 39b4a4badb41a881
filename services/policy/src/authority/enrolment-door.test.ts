import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configSchema } from '../config.js';
import { type AuthorityStage, authorityStage, day, operator, requestFor } from './authority.stage.js';
import { type EnrolmentDoor, startEnrolmentDoor } from './enrolment-door.js';

const folder = mkdtempSync(join(tmpdir(), 'guildhall-door-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => join(folder, name);
const hasTools = ['openssl', 'curl'].every((tool) => spawnSync(tool, ['version']).error === undefined);

let stage: AuthorityStage;
let door: EnrolmentDoor | undefined;
beforeEach(async () => {
  stage = await authorityStage();
});
afterEach(async () => {
  await door?.close();
  door = undefined;
  await stage.close();
});

/** Puts a certificate for the hub into the folder. */
async function hubCertificate(): Promise<void> {
  const key = await newSigningKey();
  const order = { spki: key.spki, commonName: 'hub.example', sipDomains: ['hub.example'], dnsNames: ['hub.example'] };
  const pem = await stage.authority.issue({ ...order, from: stage.clock.now - 1000, until: stage.clock.now + 90 * day });
  writeFileSync(file('hub.crt'), `${pem}${stage.authority.pem}`);
  writeFileSync(file('hub.key'), key.pem);
}

async function open(settings: Readonly<Record<string, unknown>> = {}): Promise<EnrolmentDoor> {
  await hubCertificate();
  const config = configSchema.parse({ enrolment: { certificate: { cert: file('hub.crt'), key: file('hub.key') }, ...settings } });
  if (config.enrolment === undefined) throw new TypeError('no door');
  door = await startEnrolmentDoor(config.enrolment, {
    handlers: stage.kept.handlers,
    certificates: stage.kept.certificates,
    anchors: () => stage.store.current()?.community.anchors ?? [],
    events: stage.kept.events,
    wall: () => stage.clock.now,
  });
  return door;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly identity?: { readonly cert: string; readonly key: string };
}

/** Asks the door as a client that trusts the authority would. */
async function ask(path: string, { method = 'POST', headers = {}, body, identity }: Asked = {}) {
  const { request } = await import('node:https');
  const [host, port] = (door?.address ?? '').split(':');
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const call = request({
      host,
      port,
      path,
      method,
      headers: body === undefined || 'transfer-encoding' in headers ? headers : { 'content-length': Buffer.byteLength(body), ...headers },
      ca: stage.authority.pem,
      servername: 'hub.example',
      agent: false,
      ...identity,
    });
    call.on('error', reject);
    call.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    call.end(body);
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('the enrolment door refuses', () => {
  it('paths and methods that it does not have', async () => {
    await open();
    expect(await ask('/')).toMatchObject({ status: 404, text: expect.stringContaining('/v1/enrol') });
    expect(await ask('/v1/enrol', { method: 'GET' })).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect(await ask('/v1/authority.crt')).toMatchObject({ status: 405 });
  });

  it('no token, a bad one, a bad request and a foreign name, each in a sentence', async () => {
    await open();
    const { signingRequest } = await requestFor({ sipDomains: ['bolt.example'] });
    expect(await ask('/v1/enrol', { body: signingRequest })).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(await ask('/v1/enrol', { body: signingRequest, headers: bearer('gh1_e_1_2_3') })).toMatchObject({ status: 403 });
    const token = await stage.invite('acme');
    expect(await ask('/v1/enrol', { body: 'hello', headers: bearer(token) })).toMatchObject({
      status: 400,
      text: expect.stringMatching(/^There is no signing request .* Cure: /),
    });
    const foreign = await ask('/v1/enrol', { body: signingRequest, headers: bearer(token) });
    expect(foreign).toMatchObject({ status: 400, text: expect.stringContaining('"bolt.example"') });
    expect(foreign.text).not.toContain(token);
    expect(await stage.metrics()).toMatch(/guildhall_policy_enrolment_answers_total\{[^}]*status="400"[^}]*\} 2/);
  });

  it('bodies that are too large, announced or not, before they are read', async () => {
    await open({ requestBytes: '1KiB' });
    const headers = bearer(await stage.invite('acme'));
    const large = 'x'.repeat(3000);
    const refused = { status: 400, text: expect.stringContaining('larger than 1024 bytes') };
    expect(await ask('/v1/enrol', { body: large, headers })).toMatchObject(refused);
    expect(await ask('/v1/enrol', { body: large, headers: { ...headers, 'transfer-encoding': 'chunked' } })).toMatchObject(refused);
    expect(stage.kept.certificates.size()).toBe(0);
  });

  it('whoever tries too often, with when to come back', async () => {
    await open({ attempts: 2 });
    const statuses = [];
    for (let times = 0; times < 3; times += 1) statuses.push(await ask('/v1/enrol', { body: '' }));
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 429]);
    expect(Number(statuses[2]?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('/v1/authority.crt', { method: 'GET' })).status).toBe(200);
  });

  it('those who connect and say nothing, or begin and never end', async () => {
    const { address } = await open({ timeout: '300ms' });
    const [host = '', port] = address.split(':');
    const silent = connect(Number(port), host);
    const slow = connectTls({ host, port: Number(port), rejectUnauthorized: false });
    slow.write('POST /v1/enrol HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: 100\r\n\r\nabc');
    const ended = (socket: typeof silent) =>
      new Promise<boolean>((resolve) => {
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(true));
        socket.resume();
      });
    expect(await Promise.all([ended(silent), ended(slow)])).toEqual([true, true]);
    expect((await ask('/v1/authority.crt', { method: 'GET' })).status).toBe(200);
  });

  it('one address that keeps everything for itself: others are served', async () => {
    const { address } = await open({ connectionsPerAddress: 2 });
    const [host = '', text] = address.split(':');
    const port = Number(text);
    const silent = [1, 2].map(() => connect({ host, port }));
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const third = connect({ host, port });
    await new Promise((resolve) => third.once('close', resolve));
    const other = connectTls({
      socket: connect({ host, port, localAddress: '127.0.0.2' }),
      ca: stage.authority.pem,
      servername: 'hub.example',
    });
    await new Promise((resolve, reject) => other.once('secureConnect', resolve).once('error', reject));
    other.destroy();
    silent[0]?.destroy();
    await expect
      .poll(() =>
        ask('/v1/authority.crt', { method: 'GET' }).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it('renewal without a certificate, with a foreign one, and with a revoked one', async () => {
    await open();
    const { key, signingRequest } = await requestFor({});
    const refused = (why: string) => ({ status: 403, text: expect.stringContaining(`and that it is good: ${why}. Cure: `) });
    expect(await ask('/v1/renew', { body: signingRequest })).toMatchObject(refused('none was shown'));
    const foreign = await stage.authority.issue({
      spki: key.spki,
      commonName: 'acme.example',
      sipDomains: ['acme.example'],
      dnsNames: ['acme.example'],
      from: stage.clock.now,
      until: stage.clock.now + day,
    });
    expect(await ask('/v1/renew', { body: signingRequest, identity: { cert: foreign, key: key.pem } })).toMatchObject(
      refused('the one shown was not issued by this hub'),
    );
    const { text } = await ask('/v1/enrol', { body: signingRequest, headers: bearer(await stage.invite('acme')) });
    const identity = { cert: text, key: key.pem };
    expect((await ask('/v1/renew', { body: signingRequest, identity })).status).toBe(200);
    await stage.kept.handlers.revokeCertificate({ serial: '', member: 'acme', reason: '', why: '', dryRun: false }, operator);
    expect(await ask('/v1/renew', { body: signingRequest, identity })).toMatchObject(refused('the one shown is revoked'));
  });

  it('a new certificate that is broken: the old one stays, and a good one is shown at once', async () => {
    const { address } = await open();
    const fingerprint = () =>
      new Promise<string>((resolve, reject) => {
        const [host = '', port] = address.split(':');
        const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false, servername: 'hub.example' }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const first = await fingerprint();
    writeFileSync(file('hub.crt'), 'broken');
    door?.reload();
    expect(await fingerprint()).toBe(first);
    await hubCertificate();
    door?.reload();
    expect(await fingerprint()).not.toBe(first);
  });
});

describe.runIf(hasTools)('with openssl and curl alone', () => {
  /** Runs a tool without holding up the door, which lives in this process. */
  function run(command: string, ...args: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      const child = spawn(command, args, { cwd: folder });
      let text = '';
      const take = (chunk: Buffer) => {
        text += chunk.toString();
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('close', () => resolve(text));
    });
  }

  it('a member enrols, renews and reads the revocation list', async () => {
    const { address } = await open();
    const url = `https://hub.example:${address.split(':')[1]}`;
    const curl = (...args: readonly string[]) =>
      run('curl', '-sS', '--connect-to', `hub.example::${address.replace(/:\d+$/, '')}:`, '--cacert', 'authority.crt', ...args);
    const token = await stage.invite('acme');
    await run('curl', '-ksS', '--connect-to', `hub.example::127.0.0.1:`, `${url}/v1/authority.crt`, '-o', 'authority.crt');
    expect(
      (await run('openssl', 'x509', '-in', 'authority.crt', '-noout', '-fingerprint', '-sha256')).replaceAll(':', '').toLowerCase(),
    ).toContain(token.split('_').at(-1));
    await run(
      'openssl',
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'acme.key',
      '-out',
      'acme.csr',
      '-subj',
      '/CN=acme.example',
    );
    const enrol = ['-H', `Authorization: Bearer ${token}`, '--data-binary', '@acme.csr', `${url}/v1/enrol`];
    await curl('-o', 'acme.crt', ...enrol);
    expect(await run('openssl', 'verify', '-x509_strict', '-CAfile', 'authority.crt', 'acme.crt')).toContain('acme.crt: OK');
    expect(await run('openssl', 'x509', '-in', 'acme.crt', '-noout', '-ext', 'subjectAltName,extendedKeyUsage')).toMatch(
      /URI:sip:acme\.example.*DNS:sip\.acme\.example[\s\S]*1\.3\.6\.1\.5\.5\.7\.3\.20|Web Server[\s\S]*URI:sip:acme\.example/,
    );
    expect(await curl(...enrol)).toMatch(/used/);

    await curl('--cert', 'acme.crt', '--key', 'acme.key', '--data-binary', '@acme.csr', `${url}/v1/renew`, '-o', 'renewed.crt');
    expect(await run('openssl', 'verify', '-CAfile', 'authority.crt', 'renewed.crt')).toContain('renewed.crt: OK');

    const [certificate] = stage.kept.certificates.ofMember('acme');
    await stage.kept.handlers.revokeCertificate(
      { serial: certificate?.serial ?? '', member: '', reason: 'superseded', why: '', dryRun: false },
      operator,
    );
    await curl(`${url}/v1/authority.crl`, '-o', 'authority.crl');
    const said = await run('openssl', 'crl', '-in', 'authority.crl', '-noout', '-text', '-CAfile', 'authority.crt');
    for (const word of ['verify OK', 'Superseded']) expect(said).toContain(word);
    writeFileSync(file('revoked.crt'), certificate?.certificate ?? '');
    expect(await run('openssl', 'verify', '-crl_check', '-CAfile', 'authority.crt', '-CRLfile', 'authority.crl', 'revoked.crt')).toContain(
      'certificate revoked',
    );
    expect(readFileSync(file('renewed.crt'), 'latin1')).toContain('BEGIN CERTIFICATE');
  });
});
