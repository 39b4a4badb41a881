import { Composer, type Document, LineCounter } from 'yaml';
import { plainYaml } from './plain-yaml.js';
import { type Locate, locator, type Position } from './position.js';
import { maxDepth, yamlTokens } from './yaml-tokens.js';
import { aliasTargets, type YamlFault, yamlValue } from './yaml-values.js';

/** A YAML text as values, with the way back to its lines; or what is wrong with it. */
export type YamlReading =
  | { readonly root: unknown; readonly locate: Locate; readonly faults?: undefined }
  | { readonly root?: undefined; readonly locate?: undefined; readonly faults: readonly (Position & { readonly message: string })[] };

function nestedTooDeeply(at: Position): YamlReading {
  return { faults: [{ ...at, message: `this is nested more than ${maxDepth} levels deep` }] };
}

/**
 * Reads one YAML document, of bounded depth (`yamlTokens`). Never throws. What is plain is read quickly, and as a whole only when
 * somebody asks where something stands.
 */
export function readYaml(text: string): YamlReading {
  const plain = plainYaml(text);
  if (plain === undefined) return readWholeYaml(text);
  let locate: Locate | undefined;
  return {
    root: plain.root,
    locate(path, at) {
      locate ??= readWholeYaml(text).locate ?? (() => ({ line: 1, column: 1 }));
      return locate(path, at);
    },
  };
}

/** As `readYaml`, for whatever YAML there is. */
export function readWholeYaml(text: string): YamlReading {
  const counter = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    counter.addNewLine(0);
    const taken = yamlTokens(text, counter.addNewLine);
    if (taken.deepAt !== undefined) return nestedTooDeeply(position(taken.deepAt));

    // Whether keys are unique is looked at with the values: the composer compares each with all others.
    const composer = new Composer({ lineCounter: counter, prettyErrors: false, stringKeys: true, uniqueKeys: false });
    const documents: Document.Parsed[] = [...composer.compose(taken.tokens, true, text.length)];
    const [document, second] = documents;
    if (document === undefined) return { root: undefined, locate: () => position(0) };
    const faults = [...document.errors, ...document.warnings].map((complaint) => ({
      ...position(complaint.pos[0]),
      message: `this is not YAML: ${complaint.message}`,
    }));
    if (second !== undefined) faults.push({ ...position(second.range[0]), message: 'a second document begins here: write one' });
    if (faults.length > 0) return { faults };
    const refused = ({ offset, message }: YamlFault): YamlReading => ({ faults: [{ ...position(offset), message }] });
    const targets = aliasTargets(document);
    if ('offset' in targets) return refused(targets);
    const value = yamlValue(document, targets);
    return 'offset' in value ? refused(value) : { root: value.root, locate: locator(document, targets, counter) };
  } catch (thrown) {
    return {
      faults: [{ line: 1, column: 1, message: `this cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}` }],
    };
  }
}
