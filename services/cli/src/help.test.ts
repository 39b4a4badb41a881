import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { runIn } from './api/run-command.stage.js';
import { addAgreementVerbs } from './community/agreement-verbs.js';
import { addCommunityVerbs } from './community/community-verbs.js';
import { addExplain } from './community/explain.js';
import { addMemberVerbs } from './community/member-verbs.js';
import { addMembershipVerbs } from './community/membership-verbs.js';
import { addRuleVerbs } from './community/rule-verbs.js';
import { addAuditVerbs } from './trust/audit-verbs.js';
import { addCertificateVerbs } from './trust/certificate-verbs.js';
import { addTokenVerbs } from './trust/token-verbs.js';
import type { World } from './world.js';

const world: World = {
  terminal: { out: () => {}, talk: () => {}, colorOut: false, colorTalk: false },
  env: {},
  cwd: '/',
  now: () => new Date(0),
  onSignal: () => () => {},
};
const nouns = new Command();
for (const add of [
  addMemberVerbs,
  addAgreementVerbs,
  addRuleVerbs,
  addCommunityVerbs,
  addMembershipVerbs,
  addCertificateVerbs,
  addTokenVerbs,
  addExplain,
  addAuditVerbs,
]) {
  add(nouns, world, () => {});
}
const verbs = nouns.commands.flatMap((noun) => {
  if (noun.commands.length === 0) return [{ path: [noun.name()], command: noun }];
  return noun.commands.map((verb) => ({ path: [noun.name(), verb.name()], command: verb }));
});
const looking = /^(list|show|data|history|diff|export|authority|watch|verify|explain|whoami)$/;

describe('every verb of the API', () => {
  it.each(verbs.map(({ path }) => path))('%s %s has help with examples of its own and the exit codes', async (...path) => {
    const { code, out, talk } = await runIn('/', [...path, '--help']);
    expect([code, talk]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`Usage: guildhall ${path.join(' ')}[\\s\\S]*Examples?:\\n  guildhall ${path.join(' ')}`));
    expect(out).toMatch(/\nExit codes: 0 good/);
    expect(out).toMatch(/--json [\s\S]*--hub <host:port>[\s\S]*--token-file/);
  });

  it.each(verbs.filter(({ path }) => !looking.test(path.at(-1) ?? '')).map(({ path }) => path))(
    '%s %s can be rehearsed',
    async (...path) => {
      expect((await runIn('/', [...path, '--help'])).out).toMatch(/--dry-run/);
    },
  );

  it('has a summary', () => {
    expect(verbs.filter(({ command }) => command.summary() === '').map(({ path }) => path)).toEqual([]);
  });
});

it.each([
  ['member', /unknown command 'lst'/],
  ['membership', /unknown command 'lst'/],
])('a slip in a verb of %s is told, with the nearest', async (noun, complaint) => {
  const { code, talk } = await runIn('/', [noun, 'lst']);
  expect([code, talk]).toEqual([2, expect.stringMatching(complaint)]);
});
