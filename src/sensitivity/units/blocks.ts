import { makeNode } from '../../onnx/builder';
import type { NodeEntry } from '../../onnx/graph';
import type { Shapes } from '../../onnx/shapes/shapes';
import { isReadOutside } from '../../structure/results';
import type { Block, Layer, Structure } from '../../structure/structure';
import { dtypes } from '../../tensor/dtype';
import type { UnitSubject, UnitSubjects } from '../units';

/** The stream that passes by a block: the value that comes in, and the one that leaves with what the block has added. */
export interface Stream {
  readonly from: string;
  readonly to: string;
}

/** Blocks that something passes by: removed, what leaves them is what came in, whether norms stand before or after the sums. */
export function blockSubjects(structure: Structure, shapes: Shapes): UnitSubjects {
  const subjects: UnitSubject[] = [];
  const skipped: { id: string; why: string }[] = [];
  for (const [at, block] of structure.blocks.entries()) {
    const { id, name } = block;
    const nodes = nodesOf(structure, block);
    const found = streamOf(structure, shapes, block);
    if ('why' in found) {
      skipped.push({ id, why: found.why });
      continue;
    }
    const { last, from, to } = found;
    const edits = () =>
      [{ kind: 'replaceNode', entry: last, nodes: [makeNode('Identity', [from], [to])] }] as const;
    subjects.push({
      ...{ id, name, nodes, unit: 'block', part: 'other', role: 'other', block: at },
      removal: { kind: 'edits', edits },
    });
  }
  return { subjects, skipped };
}

/**
 * Follows what leaves a block back to what comes in, through sums, norms and activations only: that is the stream which the block adds to.
 * `last` is the node that hands it on. A reason where there is none, or where it is not the same before and after.
 */
function streamOf(
  structure: Structure,
  shapes: Shapes,
  block: Block,
): (Stream & { readonly last: NodeEntry }) | { readonly why: string } {
  const { main } = structure.index;
  const nodes = nodesOf(structure, block);
  if (nodes.some(({ scope }) => scope !== main)) {
    return { why: 'It stands inside a body of If, Loop or Scan.' };
  }
  const own = new Set(nodes);
  let why = 'Nothing passes by it unchanged.';
  for (const last of nodes.toReversed()) {
    if (!passes(structure.layerOf.get(last.id))) continue;
    for (const to of last.node.outputs) {
      if (!isReadOutside(to, own, main)) continue;
      const entering = enteringValues(structure, own, last);
      const [from, ...more] = entering.filter((name) => areAlike(structure, shapes, name, to));
      const against = reasonAgainst(structure, block, last, to);
      if (from !== undefined && more.length === 0 && !against) return { from, to, last };
      if (more.length > 0) why = 'Several streams pass by it.';
      else if (from !== undefined) why = against ?? why;
      else if (entering.length > 0) {
        why = 'What leaves it is of another shape or type than what comes in.';
      }
    }
  }
  return { why };
}

function reasonAgainst(
  structure: Structure,
  block: Block,
  last: NodeEntry,
  to: string,
): string | undefined {
  const { main } = structure.index;
  const others = last.node.outputs.filter(
    (name) => name !== '' && name !== to && isReadOutside(name, new Set(), main),
  );
  if (others.length > 0) return 'One operator makes the sum that leaves it and a norm of it.';
  const before = ancestors(structure, last);
  const isOutside = structure.layers.some(
    (layer) => block.layers.includes(layer.id) && hasMatrix(layer) && !before.has(layer.main),
  );
  return isOutside ? 'A part of what it adds is summed outside of it.' : undefined;
}

/** Nodes of the main graph that a node's result is made from, itself included. */
function ancestors({ index: { main } }: Structure, last: NodeEntry): ReadonlySet<NodeEntry> {
  const found = new Set<NodeEntry>();
  const waiting = [last];
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (found.has(entry)) continue;
    found.add(entry);
    waiting.push(...entry.node.inputs.flatMap((name) => main.producers.get(name) ?? []));
  }
  return found;
}

/** The value that a block hands on: the end of the stream that passes by it, else the last of its floats that others read. */
export function blockEnd(structure: Structure, shapes: Shapes, block: Block): string | undefined {
  const found = streamOf(structure, shapes, block);
  if ('to' in found) return found.to;
  const { main } = structure.index;
  const nodes = nodesOf(structure, block).filter(({ scope }) => scope === main);
  const own = new Set(nodes);
  const isFloat = (name: string) => {
    const type = shapes.typeOf(main, name);
    return type !== undefined && dtypes[type.dtype].class === 'float';
  };
  return nodes
    .flatMap(({ node }) => node.outputs)
    .findLast((name) => name !== '' && isReadOutside(name, own, main) && isFloat(name));
}

/** In file order. */
function nodesOf({ layers }: Structure, block: Block): readonly NodeEntry[] {
  const ids = new Set(block.layers);
  return layers
    .flatMap((layer) => (ids.has(layer.id) ? layer.nodes : []))
    .sort((a, b) => a.index - b.index);
}

/** Values from outside the block that reach a node's result without passing a product, a convolution or an attention. */
function enteringValues(
  { index: { main }, layerOf }: Structure,
  own: ReadonlySet<NodeEntry>,
  last: NodeEntry,
): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<NodeEntry>();
  const waiting = [last];
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (seen.has(entry)) continue;
    seen.add(entry);
    for (const name of entry.node.inputs) {
      const maker = main.producers.get(name);
      if (!maker || !own.has(maker)) {
        if (maker || isFed(name)) found.add(name);
      } else if (passes(layerOf.get(maker.id))) waiting.push(maker);
    }
  }
  return [...found];

  function isFed(name: string): boolean {
    return main.inputNames.has(name) && !main.initializers.has(name);
  }
}

/** Whether a layer only sums, normalizes, gates or reshapes. */
function passes(layer: Layer | undefined): boolean {
  if (!layer || layer.part === 'attention' || layer.part === 'recurrent') return false;
  return layer.part === 'norm' || !hasMatrix(layer);
}

function hasMatrix({ weights }: Layer): boolean {
  return weights.some(
    ({ kind, shape }) => (kind === 'weight' || kind === 'table') && shape.length > 1,
  );
}

/** Whether one value can stand in the place of the other: the same type and, as far as known, the same sizes. */
function areAlike({ index }: Structure, shapes: Shapes, a: string, b: string): boolean {
  const [first, second] = [a, b].map((name) => shapes.typeOf(index.main, name));
  if (first?.dtype !== second?.dtype || !first?.shape || !second?.shape) return false;
  const { shape } = second;
  return (
    first.shape.length === shape.length && first.shape.every((size, axis) => size === shape[axis])
  );
}
