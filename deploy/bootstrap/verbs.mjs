import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { provide } from '../tools.mjs';
import { generate, generatedDifferences, keepPromises, release } from './generate.mjs';
import { ensurePackages } from './packages.mjs';
import { collect, foreground, program, root } from './run.mjs';
import { Halt, say } from './say.mjs';

const houseRules = ['run', '-c', 'test/vitest.config.ts', 'test/house'];

/** Compiles what is newer than its output: nothing to do costs about a tenth of a second. Throws Halt. */
function compile(project) {
  const { code, said } = collect(program('tsc'), ['-b', project]);
  if (code === 0) return;
  // The first errors are the cause, what follows are mostly consequences.
  const lines = said.trimEnd().split('\n');
  process.stderr.write(
    `${lines.slice(0, 20).join('\n')}\n${lines.length > 20 ? `(and ${lines.length - 20} lines more: npx tsc -b ${project})\n` : ''}`,
  );
  throw new Halt('the TypeScript sources do not compile (see above)', 'correct what tsc names, or check out a clean commit', 1);
}

/** Becomes the command line: the same process, so signals and exit codes need no passing on. */
async function commandLine(args) {
  const main = join(root, 'services', 'cli', 'dist', 'main.js');
  if (!existsSync(main)) say('compiling (once; some seconds)');
  compile('services/cli');
  process.argv = [process.execPath, main, ...args];
  // npm runs us in the root; paths are meant from where the user stands.
  if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
  keepStateSomewhere();
  endWithNpm();
  await import(pathToFileURL(main).href);
  return undefined;
}

/** A user without a home of its own (a service account) keeps the hub's state in the checkout. */
function keepStateSomewhere() {
  if (process.env.XDG_STATE_HOME) return;
  try {
    accessSync(process.env.HOME || homedir(), constants.W_OK);
  } catch {
    process.env.XDG_STATE_HOME = join(root, 'node_modules', '.cache');
  }
}

/** The parent of a process, 0 where the system does not say. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

/** npm killed with -9 tells nobody, nor does the shell between us: we notice the orphanage and end as if asked to. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const npm = parentOf(shell);
  const watch = setInterval(() => {
    if (process.ppid === shell && (npm === 0 || parentOf(shell) === npm)) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}

/** Makes tools ready that only some tests need. Returns what must be said again at the end. */
function optionalTools(needs) {
  const skipped = [];
  for (const [name, what] of needs) {
    const provision = provide(name, say);
    if (provision.kind === 'found') continue;
    const line = `SKIPPED: ${what}: no ${name}: ${provision.cause}; cure: ${provision.cure}`;
    say(line);
    skipped.push(line);
  }
  return skipped;
}

/** The nats-server to use, fetched if need be; undefined where NATS runs elsewhere. */
function needNatsServer() {
  if (process.env.GUILDHALL_NATS_URL) return;
  const provision = provide('nats-server', say);
  if (provision.kind === 'missing') throw new Halt(`no nats-server: ${provision.cause}`, provision.cure, 3);
  return provision.tool.binary;
}

/** One part of `check`: does it, and says how it went. Resolves to whether it went well. */
async function part(name, cure, act) {
  let troubles;
  try {
    troubles = await act();
  } catch (error) {
    troubles = error.message;
  }
  say(troubles === undefined ? `${name}: good` : `${name}: ${troubles}; cure: ${cure}`);
  return troubles === undefined;
}

const failed = (code) => (code === 0 ? undefined : 'see above');

/** Every part even when an earlier one fails, so that one run tells everything. Resolves to 0 or 4. */
async function check({ house }) {
  const parts = [
    await part('types', 'correct what tsc names', () => compile('.')),
    await part('format and lint', 'npx biome check --write, then by hand', async () =>
      failed(await foreground(program('biome'), ['check', '--error-on-warnings', '.'])),
    ),
    await part('generated code', 'npm run gen, and commit what it writes', async () => {
      const differences = await generatedDifferences();
      return differences.length === 0 ? undefined : `differs from its source: ${differences.join(', ')}`;
    }),
    await part(
      'released interfaces',
      'add fields and methods, and change or take away none; where it is meant: npm run gen -- released',
      async () => keepPromises(),
    ),
  ];
  if (house)
    parts.push(await part('house rules', 'see ARCHITECTURE.md', async () => failed(await foreground(program('vitest'), houseRules))));
  return parts.every(Boolean) ? 0 : 4;
}

/** Whether vitest's arguments can reach tests that run Kamailio or SIPp; with options among them everything can. */
function reachesInterop(args) {
  if (args.length === 0 || args.some((arg) => arg.startsWith('-'))) return true;
  const files = ['interop', 'bench', 'stage'].flatMap((folder) =>
    readdirSync(join(root, 'test', folder)).map((name) => `${root}test/${folder}/${name}`),
  );
  return args.some((arg) => files.some((file) => file.includes(arg.replace(/^\.\//, ''))));
}

async function test(args) {
  const natsServer = needNatsServer();
  const interop = [
    ['kamailio', 'interop with kamailio'],
    ['sipp', 'interop with sipp'],
  ];
  const skipped = optionalTools(reachesInterop(args) ? interop : []);
  // Tests run against what the sources compile to: with errors in them they would tell of an older state.
  compile('.');
  // The whole run holds the house rules already.
  const checked = await check({ house: args.length > 0 });
  const environment = natsServer === undefined ? {} : { GUILDHALL_NATS_SERVER: natsServer };
  const tested = await foreground(program('vitest'), ['run', '-c', 'test/vitest.config.ts', ...args], { environment });
  for (const line of skipped) say(line);
  if (checked !== 0) say('check found problems (above); npm run check shows them alone');
  return tested !== 0 ? tested : checked;
}

async function bench(args) {
  compile('test');
  const { readOptions } = await import(pathToFileURL(join(root, 'test', 'dist', 'bench', 'options.js')).href);
  const request = readOptions(args);
  // Help and mistakes need nothing; a bench needs what it runs.
  const { only, peers } = request.kind === 'bench' ? request.options : { only: [], peers: [] };
  const onNats = only.includes('hub') || request.kind === 'membership' || request.kind === 'floor';
  const natsServer = onNats ? needNatsServer() : undefined;
  const environment = natsServer === undefined ? {} : { GUILDHALL_NATS_SERVER: natsServer };
  const skipped = optionalTools(only.includes('peer') && peers.length > 0 ? [['kamailio', 'the comparison with kamailio']] : []);
  const code = await foreground(process.execPath, [join('test', 'dist', 'bench', 'main.js'), ...args], { environment });
  for (const line of skipped) say(line);
  return code;
}

/** A suite with a command line of its own, test/<kind>/main.ts; its options.ts tells by `kind` whether there is something to run. */
async function suite(kind, args) {
  compile('test');
  const { readOptions } = await import(pathToFileURL(join(root, 'test', 'dist', kind, 'options.js')).href);
  // Help and mistakes need nothing.
  const natsServer = readOptions(args).kind === kind ? needNatsServer() : undefined;
  const environment = natsServer === undefined ? {} : { GUILDHALL_NATS_SERVER: natsServer };
  return foreground(process.execPath, [join('test', 'dist', kind, 'main.js'), ...args], { environment });
}

async function verb(name, args) {
  switch (name) {
    case 'start':
      return commandLine(['up', ...(args.includes('--community') ? [] : ['--sample']), ...args]);
    case 'guildhall':
      return commandLine(args);
    case 'build':
      return foreground(program('turbo'), ['run', 'build', ...args]);
    case 'check':
      return check({ house: true });
    case 'gen':
      if (args.length === 0) return generate();
      if (args.length === 1 && args[0] === 'released') return release();
      throw new Halt(`gen knows no ${args.join(' ')}`, 'npm run gen, or npm run gen -- released', 2);
    case 'test':
      return test(args);
    case 'soak':
    case 'chaos':
    case 'fuzz':
      return suite(name, args);
    default:
      return bench(args);
  }
}

/** Makes the checkout ready and does one verb. Resolves to the exit code, or undefined where the verb sets its own. */
export async function runVerb(name, args) {
  try {
    ensurePackages();
    return await verb(name, args);
  } catch (error) {
    say(error.message);
    process.stderr.write(`  cure: ${error instanceof Halt ? error.cure : 'run the same again; if it stays, npm ci --ignore-scripts'}\n`);
    return error instanceof Halt ? error.exitCode : 1;
  }
}
