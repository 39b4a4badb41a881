import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { writeShown } from '@guildhall/chassis/api/api-port.stage';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DoorsCast, type DoorsOptions, type DoorsStage, makeDoorsCast, openDoorsStage } from './doors.stage.js';

let cast: DoorsCast;
let stage: DoorsStage;

const open = async (options: DoorsOptions = {}) => {
  stage = await openDoorsStage(cast, options);
  return stage;
};
const refused = (code: string) => ({ code, message: expect.stringMatching(/\.$/), cure: expect.any(String) });
const makeToken = expect.stringContaining('guildhall token create --scope dashboard');

beforeAll(async () => {
  cast = await makeDoorsCast();
});
afterEach(() => stage.close());

describe('a request is refused', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['another scheme', { authorization: 'Basic b3BlcmF0b3I6eA==' }],
    ['a token of nobody', { authorization: `Bearer gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}` }],
    ['what is no token', { authorization: 'Bearer password' }],
    ['an enrolment token', { authorization: `Bearer gh1_e_${'0'.repeat(10)}_${'0'.repeat(48)}` }],
  ])('with %s, whatever it asks for', async (_what, headers) => {
    await open();
    for (const path of ['/v1/status', '/v1/traffic', '/v1/schema', '/nowhere']) {
      const got = await stage.getter.get(path, { headers });
      expect([got.status, got.headers['www-authenticate']]).toEqual([401, 'Bearer realm="guildhall"']);
      expect(got.json()).toEqual({ ...refused('unauthenticated'), cure: makeToken });
    }
    expect(stage.feed.asked).toEqual([]);
  });

  it('with a token in its address, unless the hub was told to take that', async () => {
    await open();
    const token = stage.policy.token('operator');
    const got = await stage.getter.get(`/v1/status?access_token=${token}`);
    expect([got.status, got.json()]).toEqual([401, refused('unauthenticated')]);
    await stage.close();
    await open({ http: { queryTokens: true } });
    const other = stage.policy.token('operator');
    expect((await stage.getter.get(`/v1/status?access_token=${other}`)).status).toBe(200);
    expect((await stage.getter.get(`/v1/status?access_token=${other}`, { token: other })).status).toBe(401);
  });

  it('while policy does not answer, with what to do about it; known ones not at once', async () => {
    await open();
    const token = stage.policy.token('operator');
    stage.policy.fall();
    const got = await stage.getter.get('/v1/status', { token });
    expect([got.status, got.headers['retry-after'], got.json()]).toEqual([503, '2', refused('unavailable')]);
    stage.policy.rise();
    expect((await stage.getter.get('/v1/status', { token })).status).toBe(200);
  });

  it.each([
    ['a parameter of another', '/v1/traffic?member=acme', 'this takes members'],
    ['a parameter in other letters', '/v1/records?callid=x', 'callId'],
    ['a limit below zero', '/v1/records?limit=-1', 'a whole number'],
    ['a limit beyond all', '/v1/records?limit=10001', 'search again'],
    ['two limits', '/v1/records?limit=1&limit=2', ''],
    ['another word for true', '/v1/records?refused=yes', 'true or false'],
    ['a status of nobody', '/v1/records?status=7', '404'],
    ['no trace id', '/v1/records?traceId=xyz', '32'],
    ['a date', '/v1/records?since=yesterday', 'milliseconds'],
    ['a time that ends before it begins', '/v1/records?since=2&until=1', ''],
    ['a user without end', `/v1/records?user=${'u'.repeat(513)}`, ''],
    ['a Call-ID without end', `/v1/records/tail?callId=${'c'.repeat(257)}`, ''],
    ['members without end', `/v1/traffic?members=${Array.from({ length: 101 }, (_, at) => `m${at}`).join()}`, 'name none'],
    ['a member without a name', '/v1/traffic?members=acme,,bolt', 'name none'],
    ['another resolution', '/v1/traffic/history?resolution=5', '60000'],
    ['the Call-ID of no call', `/v1/calls/${'c'.repeat(257)}`, ''],
    ['a parameter where there is none', '/v1/status?verbose=true', 'takes none'],
    ['the name of something inside', '/v1/status?constructor=true', 'takes none'],
    ['a user that is none', '/v1/records/tail?user=alice', 'alice@acme.example'],
    ['a method that is never recorded', '/v1/records/tail?method=ACK', 'INVITE'],
    ['a method that is not told by name', '/v1/records?method=NOSUCH', 'MESSAGE, INVITE'],
    ['a reason that there is not', '/v1/records/tail?code=denied-by-rul', 'guildhall reason list'],
  ])('with %s', async (_what, path, cure) => {
    await open();
    const got = await stage.getter.get(path, { token: stage.policy.token('operator') });
    expect([got.status, got.json()]).toEqual([400, { ...refused('invalid'), cure: expect.stringContaining(cure) }]);
    expect(stage.feed.asked).toEqual([]);
  });

  it('that is no GET, brings a body, or asks for what is not there', async () => {
    await open();
    const token = stage.policy.token('operator');
    for (const method of ['POST', 'HEAD', 'DELETE', 'OPTIONS']) {
      const got = await stage.getter.get('/v1/status', { token, method });
      expect([method, got.status, got.headers.allow]).toEqual([method, 405, 'GET']);
    }
    expect((await stage.getter.get('/v1/status', { token, body: 'x', headers: { 'content-length': 1 } })).json()).toEqual(
      refused('invalid'),
    );
    expect((await stage.getter.get('/v1/nothing', { token })).json()).toEqual(refused('not-found'));
    expect((await stage.getter.get('/v1/status/', { token })).status).toBe(404);
  });

  it('of a member that asks for others', async () => {
    await open();
    const token = stage.policy.token('member:acme');
    for (const path of ['/v1/traffic?members=bolt', '/v1/records?member=bolt', '/v1/records/tail?from=bolt&to=cara']) {
      const got = await stage.getter.get(path, { token });
      expect([path, got.status, got.json()]).toEqual([path, 403, refused('denied')]);
    }
    expect(stage.feed.asked).toEqual([]);
  });

  it('with headers without end, and by who never ends a request', async () => {
    await open({ http: { requestTime: 200, headerBytes: '2KiB' } });
    const token = stage.policy.token('operator');
    expect((await stage.getter.get('/v1/status', { token, headers: { 'x-long': 'x'.repeat(4000) } })).status).toBe(431);
    const [host = '', port = ''] = stage.doors.http.split(':');
    const socket = connectTls({ host, port: Number(port), ca: cast.authority.pem, servername: 'hub.example' }, () =>
      socket.write('GET /v1/st'),
    );
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  });

  it('when the hub does not come to an end with it, or fails, with nothing of what went wrong', async () => {
    await open({ access: { answerTime: '1s', patience: 300 } });
    const token = stage.policy.token('operator');
    stage.feed.refuse(new Error('secret inside'));
    const got = await stage.getter.get('/v1/status', { token });
    expect([got.status, got.json()]).toEqual([500, refused('internal')]);
    stage.feed.refuse(new ApiFault('unavailable', 'JetStream does not answer.', 'look after it'));
    expect((await stage.getter.get('/v1/records', { token })).json()).toEqual({ ...refused('unavailable'), cure: 'look after it' });
  });

  it('that is more than its caller may have at the same time', async () => {
    await open({ access: { streamsPerCaller: 1 } });
    const token = stage.policy.token('dashboard');
    const first = await stage.getter.hear('/v1/traffic', { token });
    const got = await stage.getter.get('/v1/records/tail', { token });
    expect([got.status, got.json()]).toEqual([429, refused('limit')]);
    expect((await stage.getter.hear('/v1/traffic', { token: stage.policy.token('dashboard') })).status).toBe(200);
    first.close();
    await expect.poll(async () => (await stage.getter.hear('/v1/traffic', { token })).status).toBe(200);
  });

  it('in the clear beyond this machine', async () => {
    await open();
    await expect(openDoorsStage(cast, { clear: true, http: { host: '0.0.0.0' } })).rejects.toMatchObject({ code: 'http-in-the-clear' });
  });
});

describe('an answer', () => {
  it('may not be kept, framed, guessed at or read by other pages', async () => {
    await open();
    const { headers } = await stage.getter.get('/v1/status', {
      token: stage.policy.token('operator'),
      headers: { origin: 'https://evil.example' },
    });
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'content-type': 'application/json',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('may be read by pages of the origins that are listed', async () => {
    await open({ http: { origins: ['https://dashboards.example'] } });
    const token = stage.policy.token('operator');
    const origin = 'https://dashboards.example';
    const preflight = await stage.getter.get('/v1/status', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, origin]);
    expect((await stage.getter.get('/v1/status', { token, headers: { origin } })).headers['access-control-allow-origin']).toBe(origin);
    const { headers } = await stage.getter.get('/v1/status', { token, headers: { origin: 'https://evil.example' } });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is the message of the gRPC method as JSON, of what was asked for', async () => {
    await open();
    const token = stage.policy.token('operator');
    const get = async (path: string) => (await stage.getter.get(path, { token })).json();
    expect(await get('/v1/traffic/history?from=1000&until=9000&resolution=1000&members=acme,bolt')).toMatchObject({
      resolution: '1000',
      points: [{ from: '1000', all: { requests: '30' }, pairs: [{}, {}, {}] }],
    });
    expect(await get('/v1/records?user=alice%40acme.example&refused=true&status=4&limit=2')).toMatchObject({ scanned: '2000', done: true });
    expect(await get('/v1/calls/a%2Fb%25%40acme.example?since=5')).toMatchObject({ records: [{ callId: 'ab' }, {}, {}] });
    expect(await get('/v1/status')).toMatchObject({ verdict: 'impaired', behind: '8', instances: [{ id: 'relay-1' }] });
    expect(await get('/v1/schema')).toMatchObject({ routes: expect.arrayContaining([expect.objectContaining({ path: '/v1/records' })]) });
    expect(stage.feed.asked).toMatchObject([
      { from: 1000n, until: 9000n, resolution: 1000n, members: ['acme', 'bolt'] },
      { filter: { user: 'alice@acme.example', refused: true, status: 4 }, limit: 2 },
      { callId: 'a/b%@acme.example', since: 5n },
    ]);
  });

  it('is given in the clear on this machine, where the hub was told so by leaving its certificate out', async () => {
    await open({ clear: true });
    const token = stage.policy.token('operator');
    expect((await stage.getter.get('/v1/status', { token })).status).toBe(200);
    expect((await stage.getter.get('/v1/status')).status).toBe(401);
  });

  it('is for a member its own half, by token and by certificate', async () => {
    await open();
    for (const as of [{ token: stage.policy.token('member:acme') }, { shown: cast.acme }]) {
      const status = await stage.getter.get('/v1/status', as);
      expect(status.json()).toMatchObject({ verdict: 'impaired', members: [{ member: 'acme' }], links: [{ member: 'acme' }] });
      expect(status.text).not.toMatch(/bolt|cara|relay-1|RECORDS/);
      const found = await stage.getter.get('/v1/records', as);
      expect(found.json()).toMatchObject({ records: [{ callId: 'ab' }, { callId: 'ca' }] });
      expect(found.text).not.toMatch(/proxy\.bolt|192\.0\.2\.3|scanned/);
    }
  });
});

describe('the certificate', () => {
  it('of the port is taken up when its files change', async () => {
    await open();
    const other = await makeDoorsCast();
    const [host = '', port = ''] = stage.doors.http.split(':');
    const shown = () =>
      new Promise<string>((resolve) => {
        const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        });
      });
    const before = await shown();
    writeShown(stage.folder, 'hub', other.hub);
    await expect.poll(shown).not.toBe(before);
  });

  it('is needed to say anything', async () => {
    await open();
    const [host = '', port = ''] = stage.doors.http.split(':');
    const socket = connectPlain({ host, port: Number(port) }, () => socket.write('GET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n'));
    const heard: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(Buffer.concat(heard).toString('latin1')).not.toContain('HTTP');
  });
});
