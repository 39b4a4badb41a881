import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { collect, program, root } from './run.mjs';
import { Halt, say } from './say.mjs';

const proto = join(root, 'proto');
const schemaPath = join('deploy', 'community.schema.json');

function buf(args, what) {
  // buf keeps a cache; one of its own works for users without a home.
  const { code, said } = collect(program('buf'), args, {
    cwd: proto,
    environment: { BUF_CACHE_DIR: join(root, 'node_modules', '.cache', 'buf') },
  });
  if (code === 0) return;
  process.stderr.write(said);
  throw new Halt(`${what} did not succeed (buf's words are above)`, 'correct what it names in proto/', 1);
}

/** Writes every generated file below `folder`, which stands for the root: proto/gen and the JSON schema. */
async function writeGenerated(folder) {
  mkdirSync(join(folder, 'proto'), { recursive: true });
  mkdirSync(join(folder, 'deploy'), { recursive: true });
  buf(['generate', '-o', join(folder, 'proto')], 'generating code from the protocol buffers');
  const { communityJsonSchema } = await import(pathToFileURL(join(proto, 'dist', 'community', 'json-schema.js')).href);
  writeFileSync(join(folder, schemaPath), `${JSON.stringify(communityJsonSchema(), null, 2)}\n`);
}

function compileProto() {
  const { code, said } = collect(program('tsc'), ['-b', 'proto']);
  if (code === 0) return;
  process.stderr.write(said);
  throw new Halt('proto/ does not compile (see above)', 'correct what tsc names', 1);
}

/** The verb `gen`. Resolves to 0 or throws Halt. */
export async function generate() {
  buf(['lint'], 'checking the protocol buffers');
  // Twice, because the JSON schema comes from compiled code that needs the generated code to compile.
  buf(['generate'], 'generating code from the protocol buffers');
  compileProto();
  await writeGenerated(root);
  say(`wrote proto/gen and ${schemaPath}`);
  return 0;
}

/** What the interfaces promised when they were last released: an image of the protocol buffers, without comments. */
const released = 'released.binpb';

/** The verb `gen released`: from now on the interfaces may only be added to. Resolves to 0 or throws Halt. */
export async function release() {
  buf(['build', '--exclude-source-info', '-o', released], 'building the image of the protocol buffers');
  say(`wrote ${join('proto', released)}`);
  return 0;
}

/** Throws Halt when the protocol buffers no longer keep what was released: a field, number, type or method is another or gone. */
export function keepPromises() {
  if (!existsSync(join(proto, released))) throw new Halt(`there is no proto/${released}`, 'npm run gen -- released, and commit it', 1);
  buf(['breaking', '--against', released], 'comparing the protocol buffers with those released');
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
}

/** Paths of generated files that are missing, changed or left over, compared with a fresh generation beside the checkout. */
export async function generatedDifferences() {
  const fresh = mkdtempSync(join(tmpdir(), 'guildhall-gen-'));
  try {
    await writeGenerated(fresh);
    const names = [...filesBelow(join(fresh, 'proto', 'gen')), ...filesBelow(join(proto, 'gen'))].map((name) => join('proto', 'gen', name));
    return [...new Set([...names, schemaPath])].filter((name) => {
      const [wanted, present] = [join(fresh, name), join(root, name)];
      return !existsSync(wanted) || !existsSync(present) || !readFileSync(wanted).equals(readFileSync(present));
    });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
