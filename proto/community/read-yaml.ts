import { Composer, type Document, LineCounter, visit } from 'yaml';
import { plainYaml } from './plain-yaml.js';
import { type Locate, locator, type Position } from './position.js';
import { maxDepth, yamlTokens } from './yaml-tokens.js';

/** A YAML text as values, with the way back to its lines; or what is wrong with it. */
export type YamlReading =
  | { readonly root: unknown; readonly locate: Locate; readonly faults?: undefined }
  | { readonly root?: undefined; readonly locate?: undefined; readonly faults: readonly (Position & { readonly message: string })[] };

function nestedTooDeeply(at: Position): YamlReading {
  return { faults: [{ ...at, message: `this is nested more than ${maxDepth} levels deep` }] };
}

/** Where the first alias stands that no anchor in front of it explains. */
function danglingAlias(document: Document.Parsed): number | undefined {
  const anchors = new Set<string>();
  let offset: number | undefined;
  visit(document, {
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
    },
    Alias(_key, alias) {
      if (anchors.has(alias.source)) return undefined;
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
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

    const composer = new Composer({ lineCounter: counter, prettyErrors: false, stringKeys: true });
    const documents: Document.Parsed[] = [...composer.compose(taken.tokens, true, text.length)];
    const [document, second] = documents;
    if (document === undefined) return { root: undefined, locate: () => position(0) };
    const faults = [...document.errors, ...document.warnings].map((complaint) => ({
      ...position(complaint.pos[0]),
      message: `this is not YAML: ${complaint.message}`,
    }));
    if (second !== undefined) faults.push({ ...position(second.range[0]), message: 'a second document begins here: write one' });
    if (faults.length > 0) return { faults };
    const dangling = danglingAlias(document);
    if (dangling !== undefined)
      return { faults: [{ ...position(dangling), message: 'this is not YAML: the alias has no anchor before it' }] };
    return { root: document.toJS({ maxAliasCount: 100_000 }), locate: locator(document, counter) };
  } catch (thrown) {
    // Aliases that multiply without end are refused by throwing.
    return {
      faults: [{ line: 1, column: 1, message: `this cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}` }],
    };
  }
}
