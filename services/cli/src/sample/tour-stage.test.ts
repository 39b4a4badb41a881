import { describe, expect, it } from 'vitest';
import type { World } from '../world.js';
import { type RunCommand, type TourCommand, tourStage } from './tour-stage.js';

const inner: World = {
  terminal: { out: () => {}, talk: () => {}, colorOut: true, colorTalk: true },
  env: {},
  cwd: '/tmp',
  now: () => new Date(0),
  onSignal: () => () => {},
};

function stage(run: RunCommand) {
  const told: TourCommand[] = [];
  return { told, ...tourStage(run, inner, (command) => told.push(command)) };
}

describe('a command of the tour', () => {
  it('is shown as one would type it, without secrets and without what could steer the terminal', async () => {
    const token = `gh1_e_ab12_${'0'.repeat(64)}_${'1'.repeat(64)}`;
    const { told, guildhall } = stage(async (_args, { terminal }) => {
      terminal.out(`token ${token}\nb\u001b[2J`);
      return 0;
    });
    const { out } = await guildhall(['join', '--token', token, 'two words', 'a"b']);
    expect(out).toEqual([expect.stringContaining(token)]);
    expect(told).toEqual([
      {
        line: 'guildhall join --token gh1_e_ab12_000... "two words" "a\\"b"',
        code: 0,
        out: ['token gh1_e_ab12_000...', 'b\\u{1b}[2J'],
        talk: [],
      },
    ]);
  });

  it('that ends otherwise than it must is an error with what it said', async () => {
    const { told, guildhall } = stage(async (_args, { terminal }) => {
      terminal.talk('no');
      return 1;
    });
    await expect(guildhall(['whoami'])).rejects.toThrow('"guildhall whoami" ended with 1, not 0: no');
    await expect(guildhall(['whoami'], 1)).resolves.toMatchObject({ code: 1 });
    expect(told).toHaveLength(2);
  });

  it('that becomes right a moment later is shown once', async () => {
    let runs = 0;
    const { told, until } = stage(async (_args, { terminal }) => {
      runs += 1;
      terminal.out(String(runs));
      return 0;
    });
    expect((await until(['refusals'], 10_000, ({ out }) => out[0] === '3')).out).toEqual(['3']);
    expect(told.map(({ out }) => out)).toEqual([['3']]);
    await expect(until(['refusals'], 0, () => false)).rejects.toThrow(/did not say within 0 ms/);
  });
});
