import { type Document, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** Line and column count from 1. */
export interface Position {
  line: number;
  column: number;
}

/**
 * Where a path of keys and indexes is written: its key in a map, the item itself in a list, and as much of the path as
 * is there when the rest is missing. The document must have been parsed with this line counter.
 */
export function locate(document: Document, counter: LineCounter, path: readonly PropertyKey[]): Position {
  let node: unknown = document.contents;
  let found = startOf(node) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      found = startOf(pair.key) ?? found;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (item === undefined) break;
      found = startOf(item) ?? found;
      node = item;
    } else {
      break;
    }
  }
  return positionAt(counter, found);
}

/** An offset into the text as line and column. */
export function positionAt(counter: LineCounter, offset: number): Position {
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value);
}
