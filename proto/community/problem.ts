/** Where something is in a document: keys and list positions from the top. */
export type Path = readonly (string | number)[];

/** Something wrong at a path; `at` says whether the key or its value is to be pointed at. */
export interface Finding {
  path: Path;
  message: string;
  at?: 'key' | 'value';
}

/** Something wrong at a place in a file. Lines and columns count from 1; `path` reads like `members[0].id`. */
export interface Problem {
  line: number;
  column: number;
  path: string;
  message: string;
}

/** A community file that cannot be used, with everything that is wrong with it, in the order of the file. */
export class CommunityError extends Error {
  readonly problems: readonly Problem[];

  constructor(name: string, problems: readonly Problem[]) {
    super(problems.map((problem) => renderProblem(name, problem)).join('\n'));
    this.name = 'CommunityError';
    this.problems = problems;
  }
}

/** One line: "<name>:<line>:<column>: <path>: <message>". */
export function renderProblem(name: string, problem: Problem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${name}:${problem.line}:${problem.column}: ${path}${problem.message}`;
}

/** A path as people write it: `members[0].proxies[1].port`. */
export function renderPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
