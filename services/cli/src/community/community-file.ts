import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { isPemText } from '@guildhall/proto/community/entries';
import { type Inspection, inspectCommunity } from '@guildhall/proto/community/file';
import { type Path, type Problem, renderProblem } from '@guildhall/proto/community/problem';
import type { CommunityFile } from '@guildhall/proto/community/schema';
import { authorityTextTroubles, authorityTroubles, identityTroubles, identityWarnings, readTrouble } from './certificate-check.js';

/** A community file on disk with everything there is to say about it, its PEM files included. */
export interface CommunityReport {
  /** Absolute. */
  readonly path: string;
  /** Absent when the file itself has problems; then PEM files were not looked at. */
  readonly community: CommunityFile | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** A community file fit for use. */
export interface LoadedCommunity {
  readonly path: string;
  readonly community: CommunityFile;
  /** A path of the file as an absolute one. */
  resolve(relative: string): string;
}

/** Problems listed in a Fault. */
const mostShown = 10;

const byPlace = (left: Problem, right: Problem) => left.line - right.line || left.column - right.column;

function fileProblems(community: CommunityFile, base: string, now: Date, problemAt: Inspection['problemAt']): Problem[] {
  const { certificate, trust } = community.hub;
  const problems = identityTroubles(resolve(base, certificate.cert), resolve(base, certificate.key), now).map(({ part, message }) =>
    problemAt(['hub', 'certificate', part], message),
  );
  const authorities = (path: Path, files: readonly string[]) =>
    files.flatMap((file, at) =>
      (isPemText(file) ? authorityTextTroubles('this PEM text', file, now) : authorityTroubles(resolve(base, file), now)).map(
        ({ message }) => problemAt([...path, at], message),
      ),
    );
  problems.push(...authorities(['hub', 'trust', 'ca'], trust.ca));
  community.members.forEach((member, at) => {
    if (member.trust !== undefined) problems.push(...authorities(['members', at, 'trust', 'ca'], member.trust.ca));
  });
  return problems.sort(byPlace);
}

/** Reads and checks a community file and the PEM files it names. Throws a Fault only when the file cannot be read at all. */
export function inspectCommunityFile(file: string, cwd: string, now: Date): CommunityReport {
  const path = resolve(cwd, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new Fault('community-unreadable', `the community file ${path} cannot be read: ${readTrouble(thrown)}`, {
      cure: 'give the path of a readable community file (guildhall up without --community makes a sample)',
      exitCode: 2,
      cause: thrown,
    });
  }
  const { file: community, problems, warnings, problemAt } = inspectCommunity(text);
  if (community === undefined) return { path, community, problems, warnings };
  const base = dirname(path);
  const found = fileProblems(community, base, now, problemAt);
  const certificate = resolve(base, community.hub.certificate.cert);
  const more =
    found.length > 0
      ? []
      : identityWarnings(certificate, community.hub.domain, now).map((message) => problemAt(['hub', 'certificate', 'cert'], message));
  return { path, community, problems: found, warnings: [...warnings, ...more].sort(byPlace) };
}

/** The same for use: throws a Fault `community` that lists every problem with its place. `warn` hears the warnings. */
export function loadCommunity(file: string, cwd: string, now: Date, warn: (line: string) => void): LoadedCommunity {
  const { path, community, problems, warnings } = inspectCommunityFile(file, cwd, now);
  if (community === undefined || problems.length > 0) {
    const heading = problems.length === 1 ? 'the community file has a problem' : `the community file has ${problems.length} problems`;
    const shown = problems.slice(0, mostShown).map((problem) => `  ${renderProblem(path, problem)}`);
    if (problems.length > mostShown) shown.push(`  and ${problems.length - mostShown} more`);
    throw new Fault('community', `${heading}\n${shown.join('\n')}`, {
      cure: `correct what is named above; guildhall check ${file} looks again without starting anything`,
      exitCode: 2,
    });
  }
  for (const warning of warnings) warn(`${renderProblem(path, warning)} (a warning)`);
  return { path, community, resolve: (relative) => resolve(dirname(path), relative) };
}
