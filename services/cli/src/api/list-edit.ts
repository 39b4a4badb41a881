import { Fault } from '@guildhall/chassis/fault';
import { terminalText } from '../world.js';

/** How a list is to change: replaced by `only`, or by what is added and dropped. Absent: left as it is. */
export interface ListEdit<Item> {
  readonly only?: readonly Item[] | undefined;
  readonly add?: readonly Item[] | undefined;
  readonly drop?: readonly Item[] | undefined;
}

/** Whether an edit says anything. */
export function edits(edit: ListEdit<unknown>): boolean {
  return edit.only !== undefined || edit.add !== undefined || edit.drop !== undefined;
}

/**
 * The list after an edit, each item once. `keyOf` says when two items are the same, `what` names the list in a complaint. Throws a Fault
 * `usage` where something is to be dropped that is not there: a slip would otherwise pass for done.
 */
export function editedList<Item>(before: readonly Item[], edit: ListEdit<Item>, keyOf: (item: Item) => string, what: string): Item[] {
  const result = new Map((edit.only ?? before).map((item) => [keyOf(item), item]));
  for (const item of edit.drop ?? []) {
    if (result.delete(keyOf(item))) continue;
    const has = [...result.keys()].map((key) => terminalText(key.slice(0, 80).split('\n')[0] ?? '', 80));
    throw new Fault('usage', `${terminalText(keyOf(item).slice(0, 80), 80)} is not among its ${what}`, {
      cure: has.length === 0 ? `it has no ${what}` : `it has ${has.slice(0, 10).join(', ')}`,
      exitCode: 2,
    });
  }
  for (const item of edit.add ?? []) result.set(keyOf(item), item);
  return [...result.values()];
}
