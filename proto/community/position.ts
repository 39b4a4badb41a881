import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';
import type { Path } from './problem.js';
import type { AliasTargets } from './yaml-values.js';

/** A place in a text, counted from 1. */
export interface Position {
  line: number;
  column: number;
}

/** Finds the line and column of paths in a parsed YAML document. */
export type Locate = (path: Path, at: 'key' | 'value') => Position;

/** A key may be written plainly or as a quoted scalar; the schema sees both as the same text. */
function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function offsetOf(node: unknown): number | undefined {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range?.[0];
  return undefined;
}

/**
 * What finds positions in a document: the value at a path or, for `key`, the key in front of it. Where the path leads
 * nowhere (something is missing) it is the place of the innermost thing that is there.
 */
export function locator(document: Document, targets: AliasTargets, counter: LineCounter): Locate {
  return (path, at) => {
    let node: Node | null | undefined = document.contents;
    let offset = offsetOf(node) ?? 0;
    for (const [depth, step] of path.entries()) {
      if (isAlias(node)) node = targets.get(node);
      let next: unknown;
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find((item) => keyText(item) === String(step));
        if (pair === undefined) break;
        next = pair.value;
        const wantsKey = at === 'key' && depth === path.length - 1;
        offset = (wantsKey ? undefined : offsetOf(next)) ?? offsetOf(pair.key) ?? offset;
      } else if (isSeq(node) && typeof step === 'number') {
        next = node.items[step];
        offset = offsetOf(next) ?? offset;
      }
      if (!(isMap(next) || isSeq(next) || isScalar(next) || isAlias(next))) break;
      node = next;
    }
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
}
