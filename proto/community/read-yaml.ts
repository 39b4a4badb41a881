import { Composer, type CST, type Document, Lexer, LineCounter, Parser, visit } from 'yaml';
import { type Locate, locator, type Position } from './position.js';

/** A YAML text as values, with the way back to its lines; or what is wrong with it. */
export type YamlReading =
  | { readonly root: unknown; readonly locate: Locate; readonly faults?: undefined }
  | { readonly root?: undefined; readonly locate?: undefined; readonly faults: readonly (Position & { readonly message: string })[] };

/** Collections within collections. A community file needs seven. */
const maxDepth = 64;

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
 * Reads one YAML document. Never throws. Nesting is bounded before values are made of it, because the composer calls
 * itself for every level: a text of nothing but brackets would take the process's stack, and not always in a way that
 * can be caught.
 */
export function readYaml(text: string): YamlReading {
  const counter = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const parser = new Parser(counter.addNewLine);
    counter.addNewLine(0);
    const tokens: CST.Token[] = [];
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) tokens.push(token);
      if (parser.stack.length > maxDepth) return nestedTooDeeply(position(parser.offset));
    }
    for (const token of parser.end()) tokens.push(token);

    const composer = new Composer({ lineCounter: counter, prettyErrors: false, stringKeys: true });
    const documents: Document.Parsed[] = [...composer.compose(tokens, true, text.length)];
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
