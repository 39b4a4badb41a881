import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from './command-line.js';
import { openState } from './hub/state-folder.js';
import { ensureSample } from './sample/sample.js';
import type { World } from './world.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One run: its exit code, what stood on stdout, what on stderr. */
async function run(...args: string[]): Promise<{ code: number; out: string; talk: string }> {
  const out: string[] = [];
  const talk: string[] = [];
  const world: World = {
    terminal: { out: (line) => out.push(line), talk: (line) => talk.push(line), colorOut: false, colorTalk: false },
    env: { HOME: folder },
    cwd: folder,
    now: () => new Date(),
    onSignal: () => () => {},
  };
  return { code: await runCommandLine(args, world), out: out.join('\n'), talk: talk.join('\n') };
}

/** The sample community with a change, in a file beside its certificates. */
async function community(change: (text: string) => string): Promise<string> {
  const sample = await ensureSample(openState('state', folder), new Date());
  writeFileSync(sample.file, change(readFileSync(sample.file, 'utf8')));
  return sample.file;
}

describe('a command line used wrongly', () => {
  it.each([
    [['upp'], /unknown command 'upp'.*\n.*Did you mean up\?/s],
    [['up', '--comunity', 'x'], /unknown option '--comunity'.*\n.*Did you mean --community\?/s],
    [['up', '--community'], /argument missing/],
    [['check'], /missing required argument 'file'/],
    [['check', 'a', 'b'], /too many arguments/],
    [['send', 'acme'], /missing required argument 'to'/],
    [['send', 'a b', 'bolt', 'x', '--hub', '127.0.0.1:1'], /a b is neither a member of the community file, a domain nor a SIP URI/],
    [['send', 'acme.example', 'bolt.example', 'x', '--hub', 'nowhere'], /--hub nowhere is no address/],
    [['send', 'acme.example', 'bolt.example', 'x', '--hub', '127.0.0.1:1', '--key', 'k'], /belong together/],
    [['explain', 'acme', 'bolt', '--hub', 'here'], /--hub here is no address/],
    [['check', 'missing.yaml'], /missing\.yaml cannot be read: there is no such file/],
    [['up', '--state', 's', '--community', 'missing.yaml'], /missing\.yaml cannot be read/],
  ])('%j exits with 2, a sentence and its cure, and no stack', async (args, complaint) => {
    const { code, out, talk } = await run(...args);
    expect(code).toBe(2);
    expect(talk).toMatch(complaint);
    expect(talk).toMatch(/^guildhall: .*\n? {2}cure: ./s);
    expect(talk).not.toMatch(/\n\s+at /);
    expect(out).toBe('');
  });

  it('shows help for nothing', async () => {
    const { code, out } = await run();
    expect([code, out.includes('Usage: guildhall')]).toEqual([2, true]);
  });

  it('tells a fault as JSON too where JSON is wanted', async () => {
    const { code, out } = await run('explain', 'acme', 'bolt', '--json');
    expect([code, JSON.parse(out)]).toEqual([3, expect.objectContaining({ ok: false, code: 'no-hub', cure: expect.any(String) })]);
  });
});

describe('help', () => {
  it.each(['up', 'demo', 'send', 'explain', 'check', 'version'])('of %s has examples and goes to stdout', async (command) => {
    const { code, out, talk } = await run(command, '--help');
    expect([code, talk]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`Usage: guildhall ${command}[\\s\\S]*Examples:\\n  guildhall ${command}`));
  });
});

describe('certificates of a community of its own', () => {
  const given = (certificate: string, key: string) => ['--hub', '127.0.0.1:1', '--certificate', certificate, '--key', key];
  const sent = async (...options: string[]) => {
    const file = await community((text) => text);
    const beside = (name: string) => join(dirname(file), name);
    return run('send', 'acme.example', 'bolt.example', 'x', ...options.map((text) => (/\.(crt|key)$/.test(text) ? beside(text) : text)));
  };

  it.each<[string, readonly string[], number, RegExp]>([
    ['a key of another', [...given('acme.crt', 'bolt.key'), '--ca', 'ca.crt'], 2, /bolt\.key: it is not the key of the certificate/],
    ['a key for a certificate', [...given('acme.key', 'acme.key'), '--ca', 'ca.crt'], 2, /holds no certificate/],
    ['no authority', [...given('acme.crt', 'acme.key'), '--ca', 'acme.crt'], 2, /is no certificate authority/],
    [
      'no hub',
      [...given('acme.crt', 'acme.key'), '--ca', 'ca.crt'],
      1,
      /no answer from the hub at 127\.0\.0\.1:1: .*\n {2}cure: .*guildhall up/,
    ],
  ])('send tells %s', async (_what, options, exitCode, complaint) => {
    const { code, talk } = await sent(...options);
    expect([code, talk]).toEqual([exitCode, expect.stringMatching(complaint)]);
  });

  it('are not shown by the sample members', async () => {
    const file = await community((text) => text);
    const { code, talk } = await run('up', '--sample', '--community', file, '--state', 'elsewhere');
    expect([code, talk]).toEqual([2, expect.stringMatching(/has certificates of its own.*\n {2}cure: leave --sample away/)]);
  });
});

describe('check', () => {
  it('shows no more than 20 problems of a file that is no community', async () => {
    const { code, out } = await run(
      'check',
      await community((text) => `${text}\n${Array.from({ length: 30 }, (_, at) => `k${at}: 1`).join('\n')}\n`),
    );
    expect(code).toBe(4);
    expect(out.split('\n')).toHaveLength(21);
    expect(out).toMatch(/\nand 10 more \(--json lists all\)$/);
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['an unknown key', (text) => text.replace('domain: hub', 'domian: hub'), /:10:3: hub\.domian: /],
    ['a contradiction', (text) => text.replace('domains: [bolt.example]', 'domains: [acme.example]'), /:19:\d+: members\[1\]\.domains/],
    [
      'a missing certificate',
      (text) => text.replace('cert: hub.crt', 'cert: nowhere.crt'),
      /:13:24: hub\.certificate\.cert: .*nowhere\.crt: there is no such file/,
    ],
    [
      'a key of another certificate',
      (text) => text.replace('key: hub.key', 'key: acme.key'),
      /hub\.certificate\.key: .*acme\.key: it is not the key/,
    ],
    ['what is no authority', (text) => text.replace('ca: [ca.crt]', 'ca: [hub.crt]'), /hub\.trust\.ca\[0\]: .*no certificate authority/],
    ['what is no YAML', () => 'a: [', /:1:\d+: this is not YAML/],
    ['nothing', () => '', /the file is empty/],
  ])('finds %s and its place, and exits with 4', async (_what, change, problem) => {
    const { code, out, talk } = await run('check', await community(change));
    expect(code).toBe(4);
    expect(out).toMatch(problem);
    expect(talk).toMatch(/: \d+ problems?$/);
  });

  it('lists problems as JSON', async () => {
    const { code, out } = await run('check', '--json', await community((text) => text.replace('cert: hub.crt', 'cert: nowhere.crt')));
    expect(code).toBe(4);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      problems: [{ line: 13, path: 'hub.certificate.cert', message: expect.any(String) }],
    });
  });

  it('finds the sample community good', async () => {
    const { code, out } = await run('check', await community((text) => text));
    expect([code, out]).toEqual([0, expect.stringMatching(/^good .*: 2 members, 1 agreement, 1 rule$/)]);
  });

  it('warns of a hub that its certificate does not name', async () => {
    const { code, out } = await run(
      'check',
      await community((text) => text.replace('cert: hub.crt, key: hub.key', 'cert: acme.crt, key: acme.key')),
    );
    expect([code, out]).toEqual([0, expect.stringMatching(/^warning .*does not name hub\.example/)]);
  });
});

describe('version', () => {
  it('names ours and that of Node', async () => {
    expect(JSON.parse((await run('version', '--json')).out)).toEqual({
      guildhall: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.versions.node,
    });
  });
});
