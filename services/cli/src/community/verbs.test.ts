import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHub, startFakeHub } from '../api/fake-hub.stage.js';
import { runIn } from '../api/run-command.stage.js';
import { blankMember } from './member-fields.js';
import { blankRule } from './rule-fields.js';

// The hub is played here: what these tests see is what each verb asks of the API and how it tells the answer. test/acts has the real one.
let folder = '';
let hub: FakeHub;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-verbs-'));
  hub = await startFakeHub({});
});
afterAll(() => {
  hub.close();
  rmSync(folder, { recursive: true, force: true });
});

const acme = { ...blankMember, id: 'acme', name: 'Acme', domains: ['acme.example'], pins: ['a'.repeat(64)] };
const stored = { member: acme, revision: 7n, who: 'operator (token x)', when: '2026-12-01T10:00:00Z', why: '' };
const rule = {
  ...blankRule,
  id: 'calm',
  action: 'deny',
  order: 3,
  from: { who: { $case: 'any', value: true } },
  to: { who: { $case: 'group', value: 'guests' } },
};
const report = {
  version: 9n,
  entries: [{ key: 'member.acme', before: undefined, after: undefined, revision: 9n, lines: ['status: active -> quarantined'] }],
  warnings: ['the rule x never matches'],
  dryRun: false,
};
const reporting = (...methods: string[]) => Object.fromEntries(methods.map((method) => [method, { report }]));

beforeEach(() => {
  hub.answers = {
    ...reporting('putMember', 'removeMember', 'setMemberStatus', 'setMemberTrust', 'proposeAgreement', 'acceptAgreement', 'endAgreement'),
    ...reporting('putRule', 'removeRule', 'putCommunity', 'rollBack', 'importMembership'),
    listMembers: { members: [stored], next: '', version: 9n },
    getMember: { member: stored, agreements: [], hub: undefined, partners: [], version: 9n },
    listAgreements: {
      agreements: [
        {
          agreement: {
            first: 'acme',
            second: 'bolt',
            acceptedBy: [],
            mode: 'relay',
            validFrom: '',
            validUntil: '',
            proposedBy: '',
            note: '',
          },
          state: 'proposed',
          revision: 5n,
          who: '',
          when: '',
          why: '',
        },
      ],
      version: 9n,
    },
    listRules: { rules: [{ rule, revision: 6n, who: '', when: '', why: '' }], warnings: [], version: 9n },
    getMembership: {
      version: 9n,
      members: [],
      agreements: [],
      rules: [],
      community: {
        id: 'guild',
        name: 'Guild',
        model: 'clearinghouse',
        domain: 'hub.example',
        anchors: [],
        revocationLists: [],
        otherwise: 'allow',
        defaultRoute: '',
        listeners: [],
        certificateFile: '',
        keyFile: '',
      },
    },
    listHistory: {
      revisions: [{ version: 4n, key: 'community', kind: 'put', who: 'x', when: '', why: '', change: 'c', lines: [] }],
      oldest: 1n,
      next: 0n,
    },
    whoAmI: { scope: 'member:acme', by: 'token x' },
  };
});

const run = (...args: string[]) => runIn(folder, [...args, '--hub', hub.address, '--plain'], { GUILDHALL_TOKEN: 'gh1_a_x_secret' });
const last = () => hub.taken.at(-1);

describe('a change asks for exactly this', () => {
  const order = { why: '', dryRun: false };
  it.each<[string, string, object]>([
    [
      'member add nova --domain Nova.example --proxy sip.nova.example',
      'putMember',
      {
        expected: 0n,
        member: { id: 'nova', name: 'nova', domains: ['nova.example'], proxies: [{ host: 'sip.nova.example', port: 5061 }] },
      },
    ],
    [
      'member set acme --name A --add-domain b.example',
      'putMember',
      { expected: 7n, member: { name: 'A', domains: ['acme.example', 'b.example'] } },
    ],
    [`member set acme --add-pin ${'B'.repeat(64)}`, 'setMemberTrust', { expected: 7n, id: 'acme', pins: ['a'.repeat(64), 'b'.repeat(64)] }],
    [`member set --drop-pin ${'a'.repeat(64)}`, 'setMemberTrust', { id: 'acme', pins: [] }],
    ['member set acme --name A --revision 5', 'putMember', { expected: 5n }],
    [
      'member quarantine acme --reason spam --until 2d',
      'setMemberStatus',
      { id: 'acme', status: 'quarantined', reason: 'spam', until: '2027-01-03T00:00:00.000Z', expected: 0n },
    ],
    ['member suspend acme --why x --dry-run', 'setMemberStatus', { status: 'suspended', order: { why: 'x', dryRun: true } }],
    ['member activate acme --revision 7', 'setMemberStatus', { status: 'active', expected: 7n }],
    ['member remove acme', 'removeMember', { id: 'acme', expected: 7n }],
    [
      'agreement propose acme bolt --mode redirect --until 2027-12-31',
      'proposeAgreement',
      { from: 'acme', to: 'bolt', mode: 'redirect', validUntil: '2027-12-31T00:00:00.000Z', order },
    ],
    ['agreement propose bolt', 'proposeAgreement', { from: 'acme', to: 'bolt', mode: 'relay' }],
    ['agreement accept acme bolt', 'acceptAgreement', { member: 'acme', partner: 'bolt', expected: 5n }],
    ['agreement end bolt acme --why over', 'endAgreement', { member: 'bolt', partner: 'acme', order: { why: 'over', dryRun: false } }],
    [
      'rule add no-video deny --from group:guests --to any --method invite --media video',
      'putRule',
      {
        expected: 0n,
        last: true,
        rule: { id: 'no-video', action: 'deny', methods: ['INVITE'], media: ['video'], from: { who: { $case: 'group', value: 'guests' } } },
      },
    ],
    [
      'rule add slow limit --between bolt acme --limit 10/minute --before calm',
      'putRule',
      { before: 'calm', last: false, rule: { pair: ['acme', 'bolt'], limit: { requests: 10, perMs: 60_000, burst: 10, each: 'member' } } },
    ],
    [
      'rule set calm --reason quiet',
      'putRule',
      { expected: 6n, before: '', last: false, rule: { order: 3, reason: 'quiet', action: 'deny' } },
    ],
    ['rule move calm --first', 'putRule', { expected: 6n, rule: { id: 'calm', order: 0 } }],
    ['rule remove calm', 'removeRule', { id: 'calm', expected: 6n }],
    [
      'community set --otherwise deny --default-route none',
      'putCommunity',
      { expected: 4n, community: { id: 'guild', otherwise: 'deny', defaultRoute: '' } },
    ],
    ['membership rollback 4 --dry-run', 'rollBack', { version: 4n, order: { why: '', dryRun: true } }],
  ])('%s', async (line, method, request) => {
    const { code, out, talk } = await run(...line.split(' '));
    expect([code, talk]).toEqual([0, expect.stringContaining('warning the rule x never matches')]);
    expect(out).toContain('member.acme (revision 9)\n  status: active -> quarantined');
    expect(last()).toMatchObject({ method, request, authorization: 'Bearer gh1_a_x_secret' });
  });

  it('and tells it as JSON', async () => {
    const { out } = await run('member', 'remove', 'acme', '--json');
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      version: 9,
      dryRun: false,
      entries: [{ key: 'member.acme', revision: 9 }],
      warnings: [expect.any(String)],
    });
  });
});

describe('nothing is asked of the hub', () => {
  it.each<[string, RegExp]>([
    ['member add nova', /nova needs a domain/],
    ['member set acme', /there is nothing to change/],
    ['member set acme --drop-domain x.example', /x\.example is not among its domains/],
    ['member add nova --domain n.example --proxy :5', /the proxy :5 has no address/],
    ['member suspend acme --until sometime', /--until sometime is no time/],
    ['member add nova --domain n.example --authority missing.crt', /--authority missing\.crt: there is no such file/],
    ['agreement propose a b c', /an agreement has two members/],
    ['rule add x deny --from acme', /both who sends and who receives/],
    ['rule add x limit --from acme --to any', /needs a rate/],
    ['rule add x deny --from acme --to any --limit 5/second', /belong to the action limit/],
    ['rule add x deny --from acme --to any --before y --last', /name different places/],
    ['rule move calm', /no place is named/],
    ['token create --scope king', /--scope king is none/],
    ['certificate revoke', /either a serial number or a member/],
    ['membership rollback new', /VERSION new is no whole number/],
    ['audit verify --noted x', /--noted x is no place and hash/],
    ['community set --discovery-rate 5', /discovery is off/],
  ])('%s', async (line, complaint) => {
    const asked = hub.taken.length;
    const { code, out, talk } = await run(...line.split(' '));
    expect([code, out]).toEqual([2, '']);
    expect(talk).toMatch(complaint);
    expect(talk).toMatch(/\n {2}cure: ./);
    expect(hub.taken.slice(asked).filter(({ method }) => /^(put|set|remove|propose|create|revoke|roll)/.test(method))).toEqual([]);
  });
});

describe('what the hub answers', () => {
  it.each<[string, RegExp]>([
    ['member list', /^ID +NAME +ROLE +STATUS +DOMAINS +REACHED BY\nacme +Acme +member +active +acme\.example +dials in$/],
    ['member show', /^acme Acme\n[\s\S]*last change +revision 7 by operator \(token x\) at 2026-12-01 10:00:00Z$/],
    ['agreement list', /acme bolt +proposed +relay/],
    ['rule list', /3 +calm +deny +from any to group:guests/],
    ['community show', /^guild Guild\n[\s\S]*this entry: revision 4$/],
    ['membership history', /^version 4 .*x\n {2}wrote community$/],
    ['whoami', /^member:acme \(token x\)$/],
  ])('%s is shown', async (line, shown) => {
    const { code, out } = await run(...line.split(' '));
    expect([code, out]).toEqual([0, expect.stringMatching(shown)]);
  });

  it.each([
    'member list',
    'member show acme',
    'member data acme',
    'agreement list',
    'rule list',
    'community show',
    'membership history',
    'whoami',
  ])('%s --json is one object', async (line) => {
    const { out } = await run(...line.split(' '), '--json');
    expect(JSON.parse(out)).toMatchObject({ ok: true });
  });

  it('takes members page by page, and no page for ever', async () => {
    hub.answers = { listMembers: { members: [stored], next: 'acme', version: 9n } };
    const { out } = await run('member', 'list', '--json');
    expect(JSON.parse(out).members).toHaveLength(2);
  });

  it('puts a secret into a file for its owner only', async () => {
    hub.answers = {
      createToken: {
        token: { id: 'k', kind: 'access', scope: 'dashboard', note: '', createdBy: '', created: '', expires: '', used: '', revoked: '' },
        secret: 'gh1_a_k_s',
      },
    };
    const { out, talk } = await run('token', 'create', '--scope', 'dashboard', '--out', 'k.token');
    expect([out, talk.includes('gh1_a_k_s')]).toEqual(['', false]);
    const used = await runIn(folder, ['whoami', '--hub', hub.address, '--plain', '--token-file', 'k.token']);
    expect([last()?.authorization, used.talk]).toEqual(['Bearer gh1_a_k_s', expect.not.stringContaining('others')]);
  });

  it('watches until it is told to end', async () => {
    hub.answers = {
      ...hub.answers,
      watchMembership: [
        { version: 9n, entries: [] },
        { version: 10n, entries: report.entries },
      ],
    };
    const { code, out, talk } = await run('membership', 'watch', '--json');
    expect([code, talk]).toEqual([1, 'the hub ended the watch']);
    const changes = out.split('\n').map((line) => JSON.parse(line));
    expect(changes).toMatchObject([{ version: 9 }, { version: 10, who: 'x', entries: [{ key: 'member.acme' }] }]);
  });
});

it('a certificate is registered from its file', async () => {
  writeFileSync(join(folder, 'acme.crt'), '-----BEGIN CERTIFICATE-----\n');
  hub.answers = { registerCertificate: { certificate: undefined } };
  await run('certificate', 'register', 'acme.crt', '--member', 'acme');
  expect(last()).toMatchObject({
    method: 'registerCertificate',
    request: { member: 'acme', certificate: expect.stringContaining('BEGIN') },
  });
});
