import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

it('the demo shows everything it promises', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'demo', '--json'], { timeout: 50_000 });
  const { ok, steps } = JSON.parse(stdout);
  const labels = (at: number) => steps[at].ladder.map((rung: { label: string }) => rung.label);
  expect(steps.map((step: { trouble?: string }) => step.trouble ?? 'good')).toEqual(Array(6).fill('good'));
  expect(ok).toBe(true);
  expect(labels(2)).toEqual(expect.arrayContaining(['SUBSCRIBE', '200 OK', 'NOTIFY']));
  expect(labels(3)).toEqual(expect.arrayContaining(['INVITE', '180 Ringing', '200 OK', 'ACK', 'BYE']));
  expect(steps[4].ladder.at(-1)).toMatchObject({ from: 'hub', to: 'acme', label: '403 Forbidden', reason: expect.stringMatching(/./) });
  expect(steps[5].ladder.at(-1)).toMatchObject({ from: 'hub', to: 'acme', label: '404 Not Found', reason: expect.stringMatching(/./) });
});
