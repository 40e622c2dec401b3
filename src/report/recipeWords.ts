import { parts } from '../base/terms';
import { printable } from '../base/text';
import type { ActionFacts } from '../protocol/build';
import { readParams, type ParamSpec } from '../protocol/params';
import type { Selector, Step, Targets } from '../protocol/recipe';

/** A step's action and parameters in words. */
export interface StepWords {
  /** As the menus call it: "int8, dynamic". */
  readonly title: string;
  /** Parameters that are neither the menu entry's nor as usual: "block 64"; empty where there are none. */
  readonly params: string;
}

/** Names a step by the menu's entry that is nearest to it, and what differs from that. */
export function stepWords({ action, params = {} }: Step, facts?: ActionFacts): StepWords {
  if (!facts) return { title: printable(action, 60), params: '' };
  const given = readParams(facts.params, params).params;
  const [best] = facts.choices
    .filter((choice) => Object.entries(choice.params).every(([name, v]) => given[name] === v))
    .sort((a, b) => Object.keys(b.params).length - Object.keys(a.params).length);
  const entry = readParams(facts.params, best?.params ?? {}).params;
  const changed = Object.entries(facts.params).filter(([name]) => given[name] !== entry[name]);
  const words = changed.map(([name, spec]) => paramWords(spec, given[name]));
  return { title: best?.title ?? facts.title, params: words.join(', ') };
}

function paramWords(spec: ParamSpec, value: unknown): string {
  const title = spec.title.charAt(0).toLowerCase() + spec.title.slice(1);
  if (spec.kind === 'boolean') return value === true ? title : `not ${title}`;
  // A number says more than the sentence about it.
  if (spec.kind !== 'choice' || /^\d+$/.test(String(value))) return `${title} ${String(value)}`;
  // What an option means is a sentence in places: its beginning names it.
  const option = spec.options[String(value)]?.split(/[:,]/)[0] ?? String(value);
  return `${title} ${option.charAt(0).toLowerCase()}${option.slice(1)}`;
}

/** "int8, dynamic" → "int8", "4-bit weights" → "4-bit": for a cell or a lens. */
export function shortTitle(title: string): string {
  return (title.split(',')[0] ?? title).replace(/ weights$/, '');
}

/** What a step was pointed at: "embedding", "3 layers", "attention, blocks 1 to 5, except the layer pooler". */
export function targetWords(targets: Targets): string {
  const wanted = selectorWords(targets) || 'every layer that it fits';
  const except = (targets.except ?? []).map(selectorWords).filter((words) => words !== '');
  return except.length === 0 ? wanted : `${wanted}, except ${except.join(' and ')}`;
}

function selectorWords({ layers, parts: wanted, roles, blocks, modules, ops }: Selector): string {
  return [
    layers && (layers.length === 1 ? printable(layers[0] ?? '', 60) : `${layers.length} layers`),
    wanted?.map((part) => parts[part]?.toLowerCase() ?? part).join(' and '),
    roles?.join(' and '),
    modules?.map((module) => printable(module, 60)).join(' and '),
    ops?.map((op) => printable(op, 40)).join(' and '),
    blocks && blockWords(blocks),
  ]
    .filter((words) => words)
    .join(', ');
}

/** "block 3", "blocks 1 to 5", "blocks 0, 2 and 7". */
export function blockWords(blocks: readonly number[]): string {
  const sorted = [...new Set(blocks)].sort((a, b) => a - b);
  const [first = 0] = sorted;
  const last = sorted.at(-1) ?? first;
  if (sorted.length === 1) return `block ${first}`;
  if (sorted.length > 2 && last - first === sorted.length - 1) return `blocks ${first} to ${last}`;
  return `blocks ${sorted.slice(0, -1).join(', ')} and ${last}`;
}
