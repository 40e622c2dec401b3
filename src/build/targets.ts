import type { Layer } from '../structure/structure';
import type { Selector, Targets } from '../protocol/recipe';

/** The layers that targets name or describe, in the model's order. */
export function selectLayers(layers: readonly Layer[], targets: Targets): readonly Layer[] {
  const { except = [] } = targets;
  return layers.filter(
    (layer) => matches(layer, targets) && !except.some((selector) => matches(layer, selector)),
  );
}

/** Names of layers in the targets that the model does not have. */
export function missingLayers(
  layers: readonly Layer[],
  { layers: named = [] }: Selector,
): readonly string[] {
  const known = new Set(layers.map((layer) => layer.id));
  return named.filter((id) => !known.has(id));
}

function matches(layer: Layer, selector: Selector): boolean {
  const { layers, parts, roles, blocks, modules, ops } = selector;
  return (
    has(layers, layer.id) &&
    has(parts, layer.part) &&
    has(roles, layer.role) &&
    (blocks === undefined || (layer.block !== undefined && blocks.includes(layer.block))) &&
    has(ops, layer.op) &&
    (modules === undefined || modules.some((pattern) => globMatches(pattern, layer.name)))
  );
}

function has<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || wanted.includes(value);
}

/** `*` stands for any stretch, dots included; linear in the text's length, whatever the pattern. */
export function globMatches(pattern: string, text: string): boolean {
  const pieces = pattern.split('*');
  const [first = '', ...rest] = pieces;
  if (!text.startsWith(first)) return false;
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
