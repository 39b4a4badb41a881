import { readFileSync, statSync } from 'node:fs';
import { maxDepth, yamlTokens } from '@guildhall/proto/community/yaml-tokens';
import { LineCounter, parseDocument } from 'yaml';
import { isRecord } from './config-shape.js';
import { Fault } from './fault.js';
import { renderBytes } from './units.js';
import { type Position, positionAt } from './yaml-position.js';

/** A YAML file as read, with what is needed to say where something in it is. */
export interface YamlFile {
  path: string;
  value: unknown;
  document: ReturnType<typeof parseDocument>;
  counter: LineCounter;
}

const largestFile = 4 * 1024 * 1024;

/** Reads a configuration file, at most 4 MiB, as one YAML document. Throws a Fault `config` that names line and column. */
export function readYaml(path: string, name: string): YamlFile {
  const text = readText(path, name);
  const counter = new LineCounter();
  refuseDepth(text, path, name);
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    throw configFault(
      name,
      broken.map((error) => `${at(path, positionAt(counter, error.pos[0]))} ${error.message}`),
    );
  }
  try {
    const value: unknown = document.toJS() ?? {};
    if (isRecord(value)) return { path, value, document, counter };
  } catch (thrown) {
    throw configFault(name, [`${path}:1:1 ${thrown instanceof Error ? thrown.message : 'cannot be read as YAML'}`]);
  }
  throw configFault(name, [`${path}:1:1 expected settings, one "key: value" a line`]);
}

/** Before anything calls itself for every level. */
function refuseDepth(text: string, path: string, name: string): void {
  const counter = new LineCounter();
  counter.addNewLine(0);
  const { deepAt } = yamlTokens(text, counter.addNewLine);
  if (deepAt === undefined) return;
  throw configFault(name, [`${at(path, positionAt(counter, deepAt))} this is nested more than ${maxDepth} levels deep`]);
}

function readText(path: string, name: string): string {
  try {
    if (statSync(path).size > largestFile) {
      throw new Fault('config', `${name}: ${path} is larger than ${renderBytes(largestFile)}`, {
        cure: 'this is hardly a configuration file: check the path',
        exitCode: 2,
      });
    }
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'not allowed to read it'
          : code === 'EISDIR'
            ? 'it is a folder'
            : String(code);
    throw new Fault('config', `${name}: cannot read the configuration ${path}: ${why}`, {
      cure: 'give the path of a readable YAML file with --config',
      exitCode: 2,
      cause: thrown,
    });
  }
}

/** "file:line:column", as editors and terminals link it. */
function at(path: string, position: Position): string {
  return `${path}:${position.line}:${position.column}`;
}

/** The refusal of a configuration with everything that is wrong with it, one problem a line. */
export function configFault(name: string, problems: readonly string[]): Fault {
  const heading = problems.length === 1 ? 'the configuration has a problem' : `the configuration has ${problems.length} problems`;
  return new Fault('config', `${name}: ${heading}\n${problems.map((problem) => `  ${problem}`).join('\n')}`, {
    cure: 'correct what is named above and start again',
    exitCode: 2,
  });
}
