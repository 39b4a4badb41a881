import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { chainEntry, chainStart } from '@guildhall/chassis/audit-chain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteRunning, openState } from '../hub/state-folder.js';
import { createSampleAuthority } from '../sample/sample-authority.js';
import { type FakeHub, startFakeHub } from './fake-hub.stage.js';
import { runIn } from './run-command.stage.js';

// The hub is played; TLS is real.
let folder = '';
let secure: FakeHub;
let demanding: FakeHub;
let clear: FakeHub;
const who = { whoAmI: { scope: 'operator', by: 'token x' } };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-api-'));
  const authority = await createSampleAuthority('guild', new Date());
  const other = await createSampleAuthority('other', new Date());
  const hub = await authority.issue({ commonName: 'hub', domains: ['hub.example'] });
  const acme = await authority.issue({ commonName: 'acme', domains: ['acme.example'] });
  const files = {
    'ca.crt': authority.certificate,
    'other.crt': other.certificate,
    'acme.crt': acme.certificate,
    'acme.key': acme.key,
    token: 'gh1_a_x_secret\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  writeFileSync(join(folder, 'open.token'), 'gh1_a_x_secret\n', { mode: 0o644 });
  secure = await startFakeHub(who, { ...hub, ca: authority.certificate });
  demanding = await startFakeHub(who, { ...hub, ca: authority.certificate, demands: true });
  clear = await startFakeHub(who);
});
afterAll(() => {
  secure.close();
  demanding.close();
  clear.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (line: string, env = {}) =>
  runIn(
    folder,
    line.replace('SECURE', secure.address).replace('CLEAR', clear.address).replace('DEMANDING', demanding.address).split(' '),
    env,
  );

describe('a hub elsewhere', () => {
  it('is asked over TLS, with the token', async () => {
    const { code, out } = await run('whoami --hub SECURE --ca ca.crt --hub-name hub.example --token-file token');
    expect([code, out]).toEqual([0, 'operator (token x)']);
    expect(secure.taken.at(-1)).toMatchObject({ authorization: 'Bearer gh1_a_x_secret', certified: false });
  });

  it('is shown a client certificate, and then no token of the environment', async () => {
    const line = 'whoami --hub DEMANDING --ca ca.crt --hub-name hub.example --certificate acme.crt --key acme.key';
    const { code } = await run(line, { GUILDHALL_TOKEN: 'gh1_a_x_secret' });
    expect([code, demanding.taken.at(-1)]).toEqual([0, expect.objectContaining({ authorization: '', certified: true })]);
  });

  it.each<[string, string, RegExp]>([
    [
      'of another authority',
      'whoami --hub SECURE --ca other.crt --hub-name hub.example',
      /cannot be reached: .*\n {2}cure: give the authority/,
    ],
    ['of no known authority', 'whoami --hub SECURE --hub-name hub.example', /cannot be reached: .*\n {2}cure: give the authority/],
    ['of another name', 'whoami --hub SECURE --ca ca.crt --hub-name hub.test', /is for hub\.example, not for hub\.test/],
    ['of an address nobody named', 'whoami --hub SECURE --ca ca.crt', /cannot be reached/],
    ['that speaks no TLS', 'whoami --hub CLEAR --ca ca.crt --hub-name hub.example', /cannot be reached.*\n {2}cure: .*--plain/],
    ['that speaks TLS', 'whoami --hub SECURE --plain', /does not speak gRPC\n {2}cure: .*leave --plain away/],
    ['that is not there', 'whoami --hub 127.0.0.1:1 --plain', /127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/],
  ])('%s gets no token', async (_what, line, complaint) => {
    const before = secure.taken.length + clear.taken.length;
    const { code, out, talk } = await run(line, { GUILDHALL_TOKEN: 'gh1_a_x_secret' });
    expect([code, out, talk]).toEqual([3, '', expect.stringMatching(complaint)]);
    expect(talk).not.toContain('gh1_a_x');
    expect(secure.taken.length + clear.taken.length).toBe(before);
  });

  it.each<[string, RegExp]>([
    ['whoami --hub nowhere', /--hub nowhere is no address/],
    ['whoami --hub hub.example:5070 --plain', /in the clear to hub\.example/],
    ['whoami --hub 127.0.0.1:1 --state x', /name two hubs/],
    ['whoami --ca ca.crt', /--ca is about a hub elsewhere/],
    ['whoami --hub 127.0.0.1:1 --certificate acme.crt', /belong together/],
    ['whoami --hub 127.0.0.1:1 --plain --certificate acme.crt --key acme.key', /without TLS/],
    ['whoami --hub 127.0.0.1:1 --certificate ca.crt --key acme.key', /it is not the key of the certificate/],
    ['whoami --hub 127.0.0.1:1 --token-file none', /--token-file none: there is no such file/],
    ['whoami --hub 127.0.0.1:1 --token-file ca.crt', /--token-file ca\.crt holds no token/],
    ['whoami --hub 127.0.0.1:1 --ca token', /--ca token: it holds no certificate/],
  ])('%s is refused before anything is sent', async (line, complaint) => {
    const { code, out, talk } = await run(line);
    expect([code, out, talk]).toEqual([2, '', expect.stringMatching(complaint)]);
  });

  it('is told of a token that others can read', async () => {
    const { talk } = await run('whoami --hub CLEAR --plain --token-file open.token');
    expect(talk).toMatch(/others on this machine can read open\.token/);
  });
});

describe('the hub of a state folder', () => {
  const note = (tokenFile: string) => {
    const [state, path] = [openState('state', folder), (name: string) => join(folder, name)];
    const api = { ca: path('ca.crt'), name: 'hub.example', tokenFile: path(tokenFile) };
    const listeners = [{ name: 'members', address: '127.0.0.1:1' }];
    return noteRunning(state, { listeners, grpc: secure.address, api, enrolment: '', community: '', domain: 'hub.example' });
  };

  it('is asked with the operator’s token, unless another is given', async () => {
    const forget = note('token');
    writeFileSync(join(folder, 'mine.token'), 'gh1_a_mine_secret\n', { mode: 0o600 });
    const asked: string[] = [];
    for (const [line, env] of [
      ['whoami --state state', {}],
      ['whoami --state state', { GUILDHALL_TOKEN: 'gh1_a_env_secret' }],
      ['whoami --state state --token-file mine.token', { GUILDHALL_TOKEN: 'gh1_a_env_secret' }],
      ['whoami --state state --certificate acme.crt --key acme.key', {}],
    ] as const) {
      expect((await run(line, env)).code).toBe(0);
      asked.push(secure.taken.at(-1)?.authorization ?? 'nothing');
    }
    forget();
    expect(asked).toEqual(['Bearer gh1_a_x_secret', 'Bearer gh1_a_env_secret', 'Bearer gh1_a_mine_secret', '']);
  });

  it('cannot be used without a token', async () => {
    const forget = note('gone.token');
    const { code, talk } = await run('whoami --state state');
    forget();
    expect([code, talk]).toEqual([3, expect.stringMatching(/gone\.token cannot be used: there is no such file\n {2}cure: .*--token-file/)]);
  });

  it('is missed when it does not run', async () => {
    const { code, talk } = await run('whoami --state state');
    expect([code, talk]).toEqual([3, expect.stringMatching(/no hub runs with the state folder .*state\n/)]);
  });
});

describe('a refusal of the hub', () => {
  it.each<[number, string, number, string, RegExp]>([
    [
      status.INVALID_ARGUMENT,
      'The status is none. Cure: write active.',
      2,
      'invalid',
      /^guildhall: The status is none\.\n {2}cure: write active\.$/,
    ],
    [status.NOT_FOUND, 'There is no member nix.', 2, 'not-found', /cure: look at what there is/],
    [status.ABORTED, 'Somebody else changed member.acme in revision 41.', 1, 'conflict', /revision 41\.\n {2}cure: look at what is there/],
    [status.ALREADY_EXISTS, 'x', 1, 'exists', /x/],
    [status.PERMISSION_DENIED, 'x', 1, 'denied', /whoami/],
    [status.UNAUTHENTICATED, 'x', 1, 'not-known', /--token-file/],
    [status.FAILED_PRECONDITION, 'x', 1, 'precondition', /x/],
    [status.RESOURCE_EXHAUSTED, 'x', 1, 'limit', /x/],
    [status.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs 8)', 1, 'too-large', /requestBytes/],
    [status.UNAVAILABLE, 'the bus is away', 3, 'hub-failed', /the bus is away/],
    [status.INTERNAL, 'a\u001b[2Jb', 1, 'hub-failed', /a\\u\{1b\}\[2Jb/],
  ])('%i %j', async (code, details, exitCode, word, told) => {
    clear.answers = { whoAmI: { refuse: code, details } };
    const ran = await run('whoami --hub CLEAR --plain --json');
    expect([ran.code, ran.talk]).toEqual([exitCode, expect.stringMatching(told)]);
    expect(JSON.parse(ran.out)).toMatchObject({ ok: false, code: word });
  });
});

describe('the authority of the hub', () => {
  it('is shown with its fingerprint, and written to files', async () => {
    const certificate = readFileSync(join(folder, 'ca.crt'), 'utf8');
    clear.answers = { getAuthority: { certificate, revocationList: 'list', revocationListUntil: '2027-02-01T00:00:00Z', issues: true } };
    const { code, out } = await run('certificate authority --hub CLEAR --plain --out guild');
    const sha256 = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
    expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`sha256 +${sha256}\\n[\\s\\S]*until 2027-02-01`))]);
    expect(['guild.crt', 'guild.crl'].map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual([certificate, 'list']);
  });

  it('is missed where there is none', async () => {
    clear.answers = { getAuthority: { certificate: '', revocationList: '', revocationListUntil: '', issues: false } };
    expect(await run('certificate authority --hub CLEAR --plain')).toMatchObject({
      code: 1,
      out: '',
      talk: expect.stringMatching(/has no certificate authority/),
    });
  });
});

describe('the audit log', () => {
  const fact = {
    when: '2027-01-01T00:00:00Z',
    who: 'operator',
    source: '',
    method: 'MembershipService/PutMember',
    subject: 'member.acme',
    why: '',
    outcome: 'done',
    detail: '',
    version: 3n,
    begun: 0n,
  };
  const chain = () => {
    const first = chainEntry(fact, chainStart);
    const second = chainEntry(fact, { place: 1, hash: first.hash });
    return [first, second].map(({ entry, encoded, hash }) => ({ entry, encoded: Buffer.from(encoded), hash: Buffer.from(hash) }));
  };
  const hex = (bytes: Buffer | undefined) => bytes?.toString('hex') ?? '';

  it('is listed, and verified as sound', async () => {
    clear.answers = { listAudit: chain() };
    expect((await run('audit list --hub CLEAR --plain')).out).toMatch(/PutMember +member\.acme +done/);
    const { code, out } = await run(`audit verify --hub CLEAR --plain --noted 1:${hex(chain()[0]?.hash)}`);
    expect([code, out]).toEqual([0, `good 2 entries, each carries the hash of the one before\nhead 2:${hex(chain()[1]?.hash)}`]);
  });

  it('tells of what was begun and never ended', async () => {
    const begun = chainEntry({ ...fact, outcome: 'begun', why: 'bulk' }, chainStart);
    const ended = chainEntry({ ...fact, outcome: 'begun' }, { place: 1, hash: begun.hash });
    const end = chainEntry({ ...fact, outcome: 'done', begun: 2n }, { place: 2, hash: ended.hash });
    clear.answers = {
      listAudit: [begun, ended, end].map(({ entry, encoded, hash }) => ({ entry, encoded: Buffer.from(encoded), hash: Buffer.from(hash) })),
    };
    expect((await run('audit verify --hub CLEAR --plain')).out.split('\n').slice(2)).toEqual([
      'without an end: 1 PutMember member.acme by operator at 2027-01-01 00:00:00Z: bulk',
    ]);
    expect(JSON.parse((await run('audit verify --json --hub CLEAR --plain')).out)).toMatchObject({ ok: true, unended: ['1'] });
  });

  it.each<[string, (entries: ReturnType<typeof chain>) => unknown[], string]>([
    [
      'a changed entry',
      ([first, second]) => [first, { ...second, encoded: Buffer.from([...(second?.encoded ?? []), 0x32, 0x01, 0x78]) }],
      '',
    ],
    ['a missing entry', ([, second]) => [second], ''],
    ['a cut end', ([first]) => [first], ` --noted 2:${'0'.repeat(64)}`],
    ['another history', (entries) => entries, ` --noted 1:${'0'.repeat(64)}`],
  ])('%s is found, with exit code 4', async (_what, change, noted) => {
    clear.answers = { listAudit: change(chain()) };
    const { code, out } = await run(`audit verify --json --hub CLEAR --plain${noted}`);
    expect([code, JSON.parse(out)]).toEqual([4, expect.objectContaining({ ok: false, problem: expect.stringMatching(/./) })]);
  });
});
