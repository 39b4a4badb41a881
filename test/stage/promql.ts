import { parser } from '@prometheus-io/lezer-promql';

/** What a query asks for. */
export interface PromQuery {
  /** Why it cannot be parsed; '' when it can. */
  readonly broken: string;
  readonly selectors: readonly PromSelector[];
}

/** One vector in a query. */
export interface PromSelector {
  readonly metric: string;
  /** Labels that it is chosen or grouped by. */
  readonly labels: readonly string[];
  /** Values it is chosen by where the query says them outright: those of `=`, and the words of `=~`. */
  readonly values: readonly (readonly [label: string, value: string])[];
}

type Tree = ReturnType<typeof parser.parse>;
type Node = Tree['topNode'];

/** Reads a query with the parser that Prometheus' own console uses. */
export function readPromql(text: string): PromQuery {
  const selectors: PromSelector[] = [];
  let broken = '';
  parser.parse(text).iterate({
    enter({ type, node, from }) {
      if (type.isError) broken ||= `something is wrong at ${JSON.stringify(text.slice(from, from + 20))}`;
      if (type.name === 'VectorSelector') selectors.push(selectorOf(node, text));
    },
  });
  return { broken, selectors };
}

function selectorOf(node: Node, text: string): PromSelector {
  const words = (of: Node): string => text.slice(of.from, of.to);
  const name = node.getChild('Identifier');
  const labels: string[] = [];
  const values: [string, string][] = [];
  for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []) {
    const [label, operator, literal] = ['LabelName', 'MatchOp', 'StringLiteral'].map((kind) => matcher.getChild(kind));
    if (label == null || operator == null || literal == null) continue;
    labels.push(words(label));
    const value = words(literal).slice(1, -1);
    if (words(operator) === '=') values.push([words(label), value]);
    else if (words(operator) === '=~' && /^[\w|-]+$/.test(value))
      values.push(...value.split('|').map((word): [string, string] => [words(label), word]));
  }
  for (let around = node.parent; around !== null; around = around.parent) {
    const grouping = around.getChild('AggregateModifier')?.getChild('GroupingLabels');
    for (const label of grouping?.getChildren('LabelName') ?? []) labels.push(words(label));
  }
  return { metric: name === null ? '' : words(name), labels: [...new Set(labels)], values };
}
