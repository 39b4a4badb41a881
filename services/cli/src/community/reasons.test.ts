import { closeReasons, reasons } from '@guildhall/proto/reason';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { World } from '../world.js';
import { addReasons, knownReasons } from './reasons.js';

/** What a command line writes to stdout, and how it ends. */
async function said(...args: string[]) {
  const lines: string[] = [];
  let code = -1;
  const world: World = {
    terminal: { out: (line) => void lines.push(line), talk: () => undefined, colorOut: false, colorTalk: false },
    env: {},
    cwd: '/',
    now: () => new Date(0),
    onSignal: () => () => undefined,
  };
  const program = new Command().exitOverride();
  addReasons(program, world, (ended) => {
    code = ended;
  });
  await program.parseAsync(['reason', ...args], { from: 'user' });
  return { lines, code };
}

describe('guildhall reason', () => {
  it('refuses a code that there is not, and says which was meant', async () => {
    await expect(said('show', 'denied-by-rules')).rejects.toThrow(/there is no reason denied-by-rules \(did you mean denied-by-rule\?\)/);
    await expect(said('show', '__proto__')).rejects.toThrow(/there is no reason __proto__/);
  });

  it('lists every code once, with its status and number', async () => {
    const { lines, code } = await said('list');
    expect(code).toBe(0);
    expect(lines.length).toBe(1 + Object.keys(reasons).length + Object.keys(closeReasons).length);
    expect(lines.find((line) => line.startsWith('over-limit'))).toMatch(/^over-limit +request +480 +1007 +A rule of the community limits/);
    expect(lines.find((line) => line.startsWith('wildcard-name'))).toMatch(/^wildcard-name +connection +The only matching/);
  });

  it('shows one with its cure, and as JSON', async () => {
    const { lines } = await said('show', 'not-allowed');
    expect(lines.join('\n')).toMatch(/^not-allowed .*\n {2}cure .*\n {2}seen {4}SIP 403.*\n {2}number {2}1012/);
    const { lines: json } = await said('show', 'revoked', '--json');
    expect(JSON.parse(json.join(''))).toEqual({
      ok: true,
      code: 'revoked',
      kind: 'connection',
      status: 0,
      diagnostics: 0,
      ...closeReasons.revoked,
    });
  });

  it('has no code that means two things', () => {
    const codes = knownReasons().map((reason) => reason.code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
