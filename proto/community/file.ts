import { contradictions } from './contradictions.js';
import type { Locate } from './position.js';
import { CommunityError, type Finding, type Path, type Problem, renderPath } from './problem.js';
import { readYaml } from './read-yaml.js';
import { type CommunityFile, communityFileSchema } from './schema.js';
import { communityLimits } from './schema-words.js';
import { shapeFaults } from './shape-faults.js';

/** What is to be said about a community file. `file` is there when there are no problems. */
export interface Inspection {
  file?: CommunityFile;
  /** Why it cannot be used, in the order of the file. */
  problems: readonly Problem[];
  /** What is allowed and probably not meant, in the order of the file. */
  warnings: readonly Problem[];
  /** A problem at a path that someone else found (a certificate file that is missing, for instance), as of this file. */
  problemAt(path: Path, message: string): Problem;
}

/** The most problems that are told of one file: behind that many, repetition hides the first cause. */
const tellAtMost = 200;

function placed(findings: readonly Finding[], locate: Locate): Problem[] {
  return findings
    .slice(0, tellAtMost)
    .map(({ path, message, at }) => ({ ...locate(path, at ?? 'value'), path: renderPath(path), message }))
    .sort((left, right) => left.line - right.line || left.column - right.column);
}

function refused(problems: Problem[]): Inspection {
  return { problems, warnings: [], problemAt: (path, message) => ({ line: 1, column: 1, path: renderPath(path), message }) };
}

/**
 * Reads a community file and says everything there is to say about it: first the YAML, then keys and values, then
 * contradictions (each only when what is before it is sound). Never throws. Paths of PEM files are left as written.
 */
export function inspectCommunity(text: string): Inspection {
  if (text.length > communityLimits.fileLength) {
    return refused([{ line: 1, column: 1, path: '', message: `is longer than ${communityLimits.fileLength} characters` }]);
  }
  const { root, locate, faults } = readYaml(text);
  if (faults !== undefined) return refused(faults.slice(0, tellAtMost).map((fault) => ({ ...fault, path: '' })));
  const problemAt = (path: Path, message: string): Problem => ({ ...locate(path, 'value'), path: renderPath(path), message });
  if (root === null || root === undefined) {
    return refused([{ line: 1, column: 1, path: '', message: 'the file is empty: it needs at least community and hub' }]);
  }
  const read = communityFileSchema.safeParse(root);
  if (!read.success) {
    return { problems: placed(shapeFaults(communityFileSchema, root, read.error.issues), locate), warnings: [], problemAt };
  }
  const found = contradictions(read.data);
  const problems = placed(found.problems, locate);
  const warnings = placed(found.warnings, locate);
  return problems.length > 0 ? { problems, warnings, problemAt } : { file: read.data, problems, warnings, problemAt };
}

/** A community file that can be used. Throws a CommunityError with every problem; `name` is how messages call the file. */
export function readCommunity(text: string, name: string): CommunityFile {
  const { file, problems } = inspectCommunity(text);
  if (file === undefined) throw new CommunityError(name, problems);
  return file;
}
