import { findNodeAtLocation, type JSONPath, modify, type Node, parseTree } from 'jsonc-parser';
import { isDeepEqual, isObject } from './equal';
import { dataFields, rootFields } from './parse';
import { stepFields } from './steps';

/** A change of the recipe's text, in UTF-16 units: `content` takes the place of `length` units from `offset` on. */
export interface TextEdit {
  readonly offset: number;
  readonly length: number;
  readonly content: string;
}

/** Makes of a JSON text that holds `before` one that holds `after`; what is the same in both stays as it is written. */
export function rewritten(text: string, before: unknown, after: unknown): readonly TextEdit[] {
  const made = differences(before, after, []).reduce(
    (current, difference) => withDifference(current, difference),
    text,
  );
  return oneEdit(text, made);
}

interface Difference {
  readonly kind: 'set' | 'insert' | 'remove';
  readonly path: JSONPath;
  readonly value?: unknown;
}

/** The smallest changes from one value to another, in an order in which places stay right. */
function differences(before: unknown, after: unknown, path: JSONPath): Difference[] {
  if (isDeepEqual(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return listDifferences(before, after, path);
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => differences(before[name], after[name], [...path, name]));
  }
  return [{ kind: 'set', path, value: after }];
}

/** Every change reads the text anew: a list that changes more than this is written at once. */
const mostSingly = 20;

/** Items are matched in order; what is left over at the end comes or goes. */
function listDifferences(
  before: readonly unknown[],
  after: readonly unknown[],
  path: JSONPath,
): Difference[] {
  if (after.length === 0 || Math.abs(before.length - after.length) > mostSingly) {
    return [{ kind: 'set', path, value: after }];
  }
  const kept = before.filter((item) => after.some((other) => isDeepEqual(item, other)));
  const remove = (at: number): Difference => ({ kind: 'remove', path: [...path, at] });
  if (isDeepEqual(kept, after)) {
    // From the end on, so that the places of the others stay.
    return before.flatMap((item, i) => (kept.includes(item) ? [] : remove(i))).reverse();
  }
  const shared = Math.min(before.length, after.length);
  const same = after.slice(0, shared);
  return [
    ...same.flatMap((item, i) => differences(before[i], item, [...path, i])),
    ...before
      .slice(shared)
      .map((_, i) => remove(shared + i))
      .reverse(),
    ...after
      .slice(shared)
      .map((value, i): Difference => ({ kind: 'insert', path: [...path, shared + i], value })),
  ];
}

function withDifference(text: string, { kind, path, value }: Difference): string {
  const at = path.at(-1);
  const list = kind === 'set' ? undefined : findNodeAtLocation(treeOf(text), path.slice(0, -1));
  if (list && typeof at === 'number') {
    const edit = kind === 'remove' ? removal(list, at) : insertion(text, list, value);
    if (edit) return replaced(text, edit);
  }
  const edits = modify(text, path, value, {
    formattingOptions: { ...indentOf(text), eol: endOf(text) },
    getInsertionIndex: (names) => placeAmong(names, at),
  });
  return edits.reduceRight(replaced, text);
}

function treeOf(text: string): Node {
  return parseTree(text) ?? { type: 'null', offset: 0, length: 0 };
}

/** Takes an item out of a list of several with one of its commas. (`modify` cuts a quote off a list that is closely written.) */
function removal({ children = [] }: Node, at: number): TextEdit | undefined {
  const item = children[at];
  const before = children[at - 1];
  const after = children[at + 1];
  if (!item || (!before && !after)) return undefined;
  const from = before ? before.offset + before.length : item.offset;
  const to = before || !after ? item.offset + item.length : after.offset;
  return { offset: from, length: to - from, content: '' };
}

/** Adds an item after the last one, on a line of its own where that has one. (`modify` would write the last one's line anew.) */
function insertion(text: string, { children = [] }: Node, value: unknown): TextEdit | undefined {
  const last = children.at(-1);
  if (!last) return undefined;
  const line = /(?:^|\n)([ \t]*)$/.exec(text.slice(0, last.offset))?.[1];
  const { insertSpaces, tabSize } = indentOf(text);
  const unit = insertSpaces ? ' '.repeat(tabSize) : '\t';
  const written = JSON.stringify(value, null, unit).replaceAll('\n', `${endOf(text)}${line ?? ''}`);
  const content =
    line === undefined ? `, ${JSON.stringify(value)}` : `,${endOf(text)}${line}${written}`;
  return { offset: last.offset + last.length, length: 0, content };
}

/** Where a new field goes: in the order in which recipes are written. */
const order = [...rootFields, ...stepFields, ...dataFields];

function placeAmong(names: readonly string[], name: JSONPath[number] | undefined): number {
  const rank = order.indexOf(String(name));
  const next = names.findIndex((other) => order.indexOf(other) > rank);
  return next < 0 ? names.length : next;
}

/** As the text's first indented line has it. */
function indentOf(text: string): { insertSpaces: boolean; tabSize: number } {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
  return { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length };
}

function endOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function replaced(text: string, { offset, length, content }: TextEdit): string {
  return text.slice(0, offset) + content + text.slice(offset + length);
}

/** What differs, as one edit: an editor then has one thing to undo. */
function oneEdit(before: string, after: string): readonly TextEdit[] {
  if (before === after) return [];
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) {
    end++;
  }
  const length = before.length - end - start;
  return [{ offset: start, length, content: after.slice(start, after.length - end) }];
}
