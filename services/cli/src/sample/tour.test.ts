import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

interface Step {
  readonly title: string;
  readonly trouble?: string;
  readonly commands: readonly { line: string; code: number; out: readonly string[]; talk: readonly string[] }[];
}

it('the tour walks from the first certificate to the first revocation, and tells no secret', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'tour', '--json'], { timeout: 60_000 });
  const { ok, steps }: { ok: boolean; steps: readonly Step[] } = JSON.parse(stdout);
  expect(steps.map(({ trouble }) => trouble ?? 'good')).toEqual(Array(10).fill('good'));
  expect(ok).toBe(true);
  const said = (title: string) => {
    const commands = steps.find((step) => step.title === title)?.commands ?? [];
    return commands.map(({ line, code, out, talk }) => `${line}\n${code}\n${[...out, ...talk].join('\n')}`).join('\n');
  };
  expect(said('acme writes to bolt')).toMatch(/\n1\n403 Forbidden .* not-allowed: No rule and no agreement allows MESSAGE from acme/);
  expect(said('acme and bolt agree')).toMatch(/acme bolt +in force/);
  expect(said('acme writes again')).toMatch(/\n0\n200 OK/);
  expect(said('Whoever has the key writes')).toMatch(/\nrevoked .*The certificate is on a revocation list/);
  expect(said('What was done, by whom')).toMatch(/\ngood \d+ entries/);
  expect(stdout).not.toMatch(/gh1_[ae]_[0-9a-f]+_[0-9a-f]{16}/);
}, 60_000);
