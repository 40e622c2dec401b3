import { makeNode } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, type NodeEntry } from '../../onnx/graph';
import type { Node } from '../../onnx/model';
import type { Shapes } from '../../onnx/shapes/shapes';
import { defineAction, type Workbench } from '../action';
import { Constants, storedTensor } from './constants';
import { demandsOf, type Demand } from './sliceRules';
import { axisAttribute, certainShapes, isOp, isOutput, standardOpset, wholeModel } from './whole';

/**
 * A classifier that reads one position of a sequence needs the last block's products at that position only: keys and values are read at
 * all of them, queries, sums, norms and the feed-forward part at one. The reading node moves up through what works on each position
 * by itself.
 */
export const skipUnread = defineAction({
  ...wholeModel,
  speed: 'faster',
  title: 'Skip positions that nobody reads',
  about:
    'Where only one position of a sequence is read at the end, computes the last layers for that one alone; the answers stay equal.',
  params: {},
  edits: (bench) => {
    // Before 13 Softmax took several axes as one.
    if (standardOpset(bench) < 13) return [];
    const shapes = certainShapes(bench);
    for (const reader of readersOf(bench, shapes)) {
      const region = growRegion(bench, shapes, reader);
      if (region.members.size > 0 && hasProduct(region)) return regionEdits(bench, shapes, region);
    }
    return [];
  },
});

/** A node that reads one place of a value along an axis. */
interface Reader {
  readonly entry: NodeEntry;
  readonly axis: number;
  readonly index: number;
}

function readersOf({ structure }: Workbench, shapes: Shapes): Reader[] {
  const { main } = structure.index;
  return main.entries.flatMap((entry) => {
    const [value = '', indexName = ''] = entry.node.inputs;
    const stored = isOp(entry, 'Gather') ? storedTensor(main, indexName) : undefined;
    const shape = shapes.typeOf(main, value)?.shape;
    const [index, ...others] = shapes.constantOf(main, indexName) ?? [];
    if (!stored || !shape || index === undefined || others.length > 0) return [];
    const axis = axisAttribute(entry.node, 0, shape.length);
    const makes = main.producers.has(value) && shape[axis] !== 1;
    return makes ? [{ entry, axis, index }] : [];
  });
}

interface Region {
  readonly reader: Reader;
  /** Nodes that will work on the slice, the last first. */
  readonly members: ReadonlyMap<NodeEntry, Member>;
}

interface Member {
  readonly axis: number;
  readonly demands: readonly Demand[];
}

/** All nodes whose outputs are only read along the slice. */
function growRegion({ structure }: Workbench, shapes: Shapes, reader: Reader): Region {
  const { main } = structure.index;
  const requests = new Map<string, Map<NodeEntry, number>>();
  const request = (name: string, from: NodeEntry, axis: number) => {
    const known = requests.get(name) ?? new Map<NodeEntry, number>();
    requests.set(name, known.set(from, axis));
  };
  request(reader.entry.node.inputs[0] ?? '', reader.entry, reader.axis);
  const members = new Map<NodeEntry, Member>();
  for (const entry of [...main.entries].reverse()) {
    const [output = ''] = entry.node.outputs;
    const wanted = requests.get(output);
    const [axis] = wanted?.values() ?? [];
    if (!wanted || axis === undefined || isOutput(main, output)) continue;
    const agree = consumersOf(main, output).every((each) => wanted.get(each) === axis);
    const demands = agree ? demandsOf(entry, shapes, axis) : undefined;
    if (!demands || !readsOnce(entry, demands)) continue;
    members.set(entry, { axis, demands });
    for (const demand of demands)
      request(entry.node.inputs[demand.input] ?? '', entry, demand.axis);
  }
  return { reader, members };
}

/** An input that is read twice must be wanted in the same way both times. */
function readsOnce({ node }: NodeEntry, demands: readonly Demand[]): boolean {
  return demands.every((demand) =>
    node.inputs.every((name, i) => {
      if (name !== node.inputs[demand.input]) return true;
      return demands.some((each) => each.input === i && each.axis === demand.axis);
    }),
  );
}

/** Moving up is worth it where it passes a product with learnt weights. */
function hasProduct({ members }: Region): boolean {
  return [...members.keys()].some(
    ({ node, scope }) =>
      ['MatMul', 'Gemm'].includes(node.op) && storedTensor(scope, node.inputs[1] ?? ''),
  );
}

function regionEdits(bench: Workbench, shapes: Shapes, { reader, members }: Region): Edit[] {
  const { main } = bench.structure.index;
  const constants = new Constants(bench, main);
  const place = constants.integers('place', [reader.index]);
  const slices = new Map<string, string>();
  const edits: Edit[] = [];
  /** The name of a slice; made by the member that makes the whole, or by a node in front of its first reader. */
  const sliceOf = (name: string, axis: number, before: NodeEntry): string => {
    const key = `${axis} ${name}`;
    const known = slices.get(key);
    if (known !== undefined) return known;
    const slice = bench.names.fresh(`${name}_read`);
    slices.set(key, slice);
    const producer = main.producers.get(name);
    if (!producer || !members.has(producer)) {
      const node = makeNode('Gather', [name, place], [slice], { name: slice, axis });
      edits.push({ kind: 'insertBefore', entry: before, nodes: [node] });
    }
    return slice;
  };
  for (const [entry, member] of [...members].reverse()) {
    const node = sliced(entry, member, (input, axis) => sliceOf(input, axis, entry));
    if (isOp(entry, 'Reshape')) node.inputs[1] = slicedTarget(entry, member, shapes, constants);
    const output = sliceOf(node.outputs[0] ?? '', member.axis, entry);
    edits.push({ kind: 'replaceNode', entry, nodes: [{ ...node, outputs: [output] }] });
  }
  return [...edits, ...readEdits(reader, constants, sliceOf), ...constants.edits];
}

/** The reader finds its place first and alone. */
function readEdits(
  { entry, axis }: Reader,
  constants: Constants,
  sliceOf: (name: string, axis: number, before: NodeEntry) => string,
): Edit[] {
  const { node } = entry;
  const [value = '', index = ''] = node.inputs;
  const shape = storedTensor(entry.scope, index)?.shape ?? [];
  const first = constants.add('first', 'int64', shape, [0]);
  const next = { ...node, inputs: [sliceOf(value, axis, entry), first] };
  return [{ kind: 'replaceNode', entry, nodes: [next] }];
}

/** A member as it works on the slice. */
function sliced(
  { node }: NodeEntry,
  { demands }: Member,
  sliceOf: (input: string, axis: number) => string,
): Node & { readonly inputs: string[] } {
  const inputs = [...node.inputs];
  for (const { input, axis } of demands) inputs[input] = sliceOf(node.inputs[input] ?? '', axis);
  return { ...node, inputs };
}

/** What a Reshape makes of the slice: the same with one place along its axis. */
function slicedTarget(
  { node, scope }: NodeEntry,
  { axis }: Member,
  shapes: Shapes,
  constants: Constants,
): string {
  const target = shapes.constantOf(scope, node.inputs[1] ?? '') ?? [];
  const sizes = target.map((size, i) => (i === axis ? 1 : size));
  return constants.integers(`${node.outputs[0] ?? 'reshape'}_shape`, sizes);
}
