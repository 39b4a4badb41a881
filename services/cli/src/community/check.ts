import { type Problem, renderProblem } from '@guildhall/proto/community/problem';
import type { Command } from 'commander';
import { plural } from '../plural.js';
import { styled, type World } from '../world.js';
import { inspectCommunityFile } from './community-file.js';

interface CheckOptions {
  json?: true;
}

/** Problems shown on a terminal: a file that is no community at all has one in every line. */
const mostShown = 20;

/** `guildhall check FILE`: every problem of a community file with its place. Resolves to 0, or 4 when there are problems. */
export function check(file: string, options: CheckOptions, world: World): number {
  const { path, community, problems, warnings } = inspectCommunityFile(file, world.cwd, world.now());
  const { terminal } = world;
  const code = problems.length > 0 ? 4 : 0;
  if (options.json) {
    terminal.out(JSON.stringify({ ok: code === 0, file: path, problems, warnings }));
    return code;
  }
  const show = (problem: Problem, kind: string, style: 'red' | 'yellow') =>
    terminal.out(`${styled(kind, style, terminal.colorOut)} ${renderProblem(file, problem)}`);
  for (const problem of problems.slice(0, mostShown)) show(problem, 'problem', 'red');
  if (problems.length > mostShown) terminal.out(`and ${problems.length - mostShown} more (--json lists all)`);
  for (const warning of warnings) show(warning, 'warning', 'yellow');
  if (code !== 0) terminal.talk(`${file}: ${plural(problems.length, 'problem')}`);
  else {
    const { members = [], agreements = [], rules = [] } = community ?? {};
    const contents = [plural(members.length, 'member'), plural(agreements.length, 'agreement'), plural(rules.length, 'rule')];
    terminal.out(`${styled('good', 'green', terminal.colorOut)} ${file}: ${contents.join(', ')}`);
  }
  return code;
}

/** Adds `check` to the command line. */
export function addCheck(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('check')
    .summary('look for problems in a community file')
    .description(
      'Looks for problems in a community file: unknown keys, contradictions, certificates that are missing, expired or do not fit.',
    )
    .argument('<file>', 'the community file (YAML)')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall check community.yaml\n  guildhall check --json community.yaml | jq .problems\n\nExit code 4 when there are problems.',
    )
    .action((file: string, options: CheckOptions) => ends(check(file, options, world)));
}
