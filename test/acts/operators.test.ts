import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandRun, runGuildhall } from '../stage/command.js';
import { reach } from '../stage/exchange.js';
import { type Folder, openFolder } from '../stage/folder.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('operators at the command line, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, model: 'limited-clearinghouse', cast: { acme: {}, bolt: {} } });
  let folder: Folder;
  beforeAll(() => {
    folder = openFolder('operators');
    writeFileSync(folder.file('ada.token'), hub().operatorToken(), { mode: 0o600 });
  });
  afterAll(() => folder.close());

  /** `guildhall LINE` with a token, by the API of the hub's last policy. */
  function run(line: string, token = 'ada'): Promise<CommandRun> {
    const { authority, domain, policies } = hub();
    const at = ['--hub', policies.at(-1)?.addresses['grpc'] ?? '', '--ca', authority.certFile, '--hub-name', domain];
    return runGuildhall(folder.path, ...line.split(' '), ...at, '--token-file', folder.file(`${token}.token`));
  }
  const done = async (line: string, token?: string) => {
    const { code, out, talk } = await run(line, token);
    expect([line, code, talk]).toEqual([line, 0, expect.anything()]);
    return out;
  };
  const told = async (line: string, token?: string) => JSON.parse(await done(`${line} --json`, token));
  const version = async (): Promise<number> => (await told('community show')).version;

  it('take a member out with a reason, which everybody is told, and let it back in', async () => {
    const { over } = actor('acme').line();
    await done('member quarantine acme --reason spam --until 2d --why seen-at-night');
    await over;
    const said = actor('bolt').say('MESSAGE', 'sip:bob@acme.example');
    const final = await actor('bolt').hearFinal(said);
    expect(final.header('reason')).toMatch(/target-not-active: .*quarantined.*spam/);
    expect(await told('explain bolt acme')).toMatchObject({
      action: 'refuse',
      code: 'target-not-active',
      sentence: expect.stringContaining('spam'),
    });
    await done('member activate acme');
    expect(await done('member list --status quarantined')).toBe('no members');
    await reach(actor('bolt'), actor('acme'));
  });

  it('who change the same thing: the second is told, and nothing is overwritten', async () => {
    const { revision } = (await told('member show bolt')).member;
    await done('member set bolt --name Bolt-Works');
    const { code, talk } = await run(`member set bolt --name Nuts --revision ${revision}`);
    expect([code, talk]).toEqual([1, expect.stringMatching(/changed member\.bolt in revision \d+ \(operator/)]);
    expect((await told('member show bolt')).member.member.name).toBe('Bolt-Works');
  });

  it('rehearse, compare and take back', async () => {
    const before = await version();
    expect(await done('rule add quiet deny --from acme --to any --dry-run')).toMatch(/^would add rule\.quiet$/m);
    expect(await version()).toBe(before);
    await done('rule add quiet deny --from acme --to any --reason night');
    expect((await told('explain acme bolt')).code).toBe('denied-by-rule');
    expect((await told(`explain acme bolt --at-version ${before}`)).action).toBe('forward');
    expect(await done(`membership diff ${before}`)).toMatch(/^added rule\.quiet/m);
    expect(await done(`membership rollback ${before}`)).toMatch(/^removed rule\.quiet/m);
    expect((await told('explain acme bolt')).action).toBe('forward');
    expect((await told('membership history rule --limit 2')).revisions).toMatchObject([
      { kind: 'delete' },
      { kind: 'put', key: 'rule.quiet' },
    ]);
  });

  it('edit the whole community as a file, unless somebody was faster', async () => {
    const at = (await told('membership export --out community.yaml')).version;
    const file = folder.file('community.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('Bolt-Works', 'Bolt Limited'));
    expect(await done('membership import community.yaml --dry-run')).toMatch(/^would change member\.bolt\n {2}name: /m);
    await done('member set acme --name Acme-Mills');
    const { code, talk } = await run(`membership import community.yaml --expected-version ${at}`);
    expect([code, talk]).toEqual([1, expect.stringMatching(/guildhall: .*\n {2}cure: /)]);
    expect((await told('member show acme')).member.member.name).toBe('Acme-Mills');
    expect((await told('member show bolt')).member.member.name).toBe('Bolt-Works');
  });

  it('hand out a token of a member, which is good for its own half and no further', async () => {
    await done('token create --scope member:acme --expires 1h --out acme.token');
    expect(await done('whoami', 'acme')).toMatch(/^member:acme /);
    expect(await done('member list', 'acme')).not.toContain('bolt');
    await done('agreement propose bolt', 'acme');
    await done('agreement accept bolt acme');
    expect(await done('agreement list', 'acme')).toMatch(/in force/);
    const before = await version();
    for (const line of [
      'member suspend bolt',
      'member set --name Mine',
      'agreement accept bolt acme',
      'token create --scope operator',
      'audit list',
    ]) {
      const { code, out, talk } = await run(line, 'acme');
      expect([line, code, out, talk]).toEqual([line, 1, '', expect.stringMatching(/^guildhall: .*\n {2}cure: /)]);
    }
    expect(await version()).toBe(before);
    const { tokens } = await told('token list');
    await done(`token revoke ${tokens[0].id}`);
    expect(await run('whoami', 'acme')).toMatchObject({ code: 1, talk: expect.stringMatching(/revoked/) });
  });

  it.each<[string, number, RegExp]>([
    ['member show nix', 2, /nix/],
    ['member quarantine nix', 2, /nix/],
    ['agreement propose acme nix', 2, /nix/],
    ['member add acme --domain new.example', 1, /member\.acme is there already/],
    ['member add nova --domain bolt.example', 1, /bolt\.example belongs to/],
    ['member add Nova_1 --domain nova.example', 1, /is no id/],
    ['rule remove nix', 2, /there is no rule nix/],
    ['membership rollback 9999999', 2, /9999999/],
  ])('are told what is wrong, and nothing is changed: %s', async (line, exitCode, complaint) => {
    const before = await version();
    const { code, out, talk } = await run(line);
    expect([code, out, talk]).toEqual([exitCode, '', expect.stringMatching(complaint)]);
    expect(talk).toMatch(/\n {2}cure: ./);
    expect(await version()).toBe(before);
  });

  it('stand in the audit log, which is sound', async () => {
    expect(await done('audit list')).toMatch(/SetMemberStatus +member\.acme +done +seen-at-night/);
    const { head, entries } = await told('audit verify');
    expect(entries).toBeGreaterThan(10);
    await done(`audit verify --noted ${head}`);
  });
});
