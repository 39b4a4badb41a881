import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, visit } from 'yaml';

/** What each alias stands for: the last node in front of it that bears its anchor. */
export type AliasTargets = ReadonlyMap<Alias, Node>;

/** A place in a text where it cannot be taken as it is. */
export interface YamlFault {
  readonly offset: number;
  readonly message: string;
}

/** Values that a document may have with every alias written out: aliases of aliases multiply without end. */
const mostValues = 2_000_000;

/** Finds what every alias stands for in one walk: the library looks through the whole document for each. */
export function aliasTargets(document: Document): AliasTargets | YamlFault {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  let dangling: Alias | undefined;
  visit(document, {
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
    Alias(_key, alias) {
      const target = anchors.get(alias.source);
      if (target !== undefined) {
        targets.set(alias, target);
        return undefined;
      }
      dangling = alias;
      return visit.BREAK;
    },
  });
  if (dangling === undefined) return targets;
  return { offset: dangling.range?.[0] ?? 0, message: 'this is not YAML: the alias has no anchor before it' };
}

interface Taken {
  readonly value: unknown;
  /** Values in it, with every alias written out. */
  readonly size: number;
}

class Refused extends Error {
  readonly fault: YamlFault;

  constructor(node: unknown, message: string) {
    super(message);
    const range = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node) ? node.range : undefined;
    this.fault = { offset: range?.[0] ?? 0, message };
  }
}

/** The value of a document, one object for an anchor and all its aliases. Linear in the text. */
export function yamlValue(document: Document, targets: AliasTargets): { readonly root: unknown } | YamlFault {
  const done = new Map<Node, Taken>();

  const sum = (node: unknown, parts: readonly Taken[]): number => {
    let size = 1;
    for (const part of parts) size += part.size;
    if (size > mostValues) throw new Refused(node, `this stands for more than ${mostValues} values: its aliases multiply`);
    return size;
  };
  const keyOf = (key: unknown): string => {
    const node = isAlias(key) ? targets.get(key) : key;
    if (isScalar(node) && node.anchor !== undefined) done.set(node, { value: node.value, size: 1 });
    if (isScalar(node)) return node.value === null ? '' : String(node.value);
    throw new Refused(key, 'this is not YAML: a key is a text here');
  };
  const made = (node: unknown): Taken => {
    if (isScalar(node)) return { value: node.value, size: 1 };
    if (isSeq(node)) {
      const parts = node.items.map(take);
      return { value: parts.map(({ value }) => value), size: sum(node, parts) };
    }
    if (!isMap(node)) return { value: null, size: 1 };
    const entries = new Map<string, Taken>();
    for (const { key, value } of node.items) {
      const name = keyOf(key);
      if (entries.has(name)) throw new Refused(key, 'this is not YAML: Map keys must be unique');
      entries.set(name, take(value));
    }
    const parts = [...entries.values()];
    return { value: Object.fromEntries([...entries].map(([name, part]) => [name, part.value])), size: sum(node, parts) };
  };
  function take(node: unknown): Taken {
    if (isAlias(node)) {
      const target = targets.get(node);
      const known = target === undefined ? undefined : done.get(target);
      if (known === undefined) throw new Refused(node, 'this is not YAML: the alias stands for what it is in itself');
      return known;
    }
    const taken = made(node);
    if ((isScalar(node) || isSeq(node) || isMap(node)) && node.anchor !== undefined) done.set(node, taken);
    return taken;
  }

  try {
    return { root: take(document.contents).value };
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown.fault;
    throw thrown;
  }
}
