import { makeNode } from '../onnx/builder';
import { type FreshNames, freshNames } from '../onnx/fresh';
import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../onnx/model';
import { renameInNode } from '../onnx/names';
import { mapBodies, updated } from '../onnx/records';
import { constantsOf, readsOf } from './reach';
import type { Size, Sizes } from './sizes';

/** A part of a model's main graph that can run alone. */
export interface Part {
  /** In file order. */
  readonly entries: readonly NodeEntry[];
  /** Values that it takes from the rest of the model, or from whoever feeds the model. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * What has to run to make `outputs` out of the model's inputs and of what is given: that of `outputs` which is given itself, or fed, is left
 * out. What only constants lead to is computed again rather than taken over, so that the runtime can fold it as it does in the whole model.
 */
export function partFor(
  index: GraphIndex,
  outputs: readonly string[],
  isGiven: (name: string) => boolean,
): Part {
  const { main } = index;
  const fixed = constantsOf(index);
  const takes = (name: string, made: NodeEntry) => isGiven(name) && !fixed.has(made);
  const made = outputs.filter((name) => {
    const producer = main.producers.get(name);
    return producer && !takes(name, producer);
  });
  const needed = new Set<NodeEntry>();
  const inputs = new Set<string>();
  const waiting = made.flatMap((name) => main.producers.get(name) ?? []);
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (needed.has(entry)) continue;
    needed.add(entry);
    for (const name of readsOf(entry)) {
      const producer = main.producers.get(name);
      if (!producer) {
        if (isFed(main, name)) inputs.add(name);
      } else if (takes(name, producer)) inputs.add(name);
      else waiting.push(producer);
    }
  }
  const entries = main.entries.filter((entry) => needed.has(entry));
  return { entries, inputs: [...inputs], outputs: [...new Set(made)] };
}

function isFed(main: Scope, name: string): boolean {
  return main.inputNames.has(name) && !main.initializers.has(name);
}

/**
 * The part as a model of its own; a weight given is among its inputs, so that one session runs it for any number of weights. `sizes` of
 * its inputs are written down as far as all data has them in common, as some of the runtime's shape rules are wrong where they only know a rank.
 */
export function partModel(
  { model, main }: GraphIndex,
  { entries, inputs, outputs }: Part,
  sizes: Sizes,
  weight?: Tensor,
): Model {
  const reads = new Set(entries.flatMap(readsOf));
  const fed = new Map(main.graph.inputs.map((input) => [input.name, input]));
  const typed = new Map(main.graph.outputs.map((output) => [output.name, output]));
  const graph: Graph = updated(main.graph, {
    nodes: withReadRanges(
      entries.map(({ node }) =>
        weight ? mapBodies(node, (body) => withoutTensor(body, weight.name)) : node,
      ),
      outputs,
    ),
    initializers: main.graph.initializers.filter(
      ({ name }) => reads.has(name) && name !== weight?.name,
    ),
    inputs: [
      ...inputs.flatMap((name) => {
        // As the whole model has it: sizes may lead the runtime into branches of If that are not taken, and to an error there.
        const declared = fed.get(name);
        if (declared) return [declared];
        const size = sizes.of(name);
        return size ? [sized({ name, ...size })] : [];
      }),
      ...(weight ? [sized(weight)] : []),
    ],
    outputs: outputs.map((name) => typed.get(name) ?? valueWith(name, undefined)),
    values: [],
  });
  return { ...model, graph };
}

/**
 * The nodes with copies of ranges for outputs: the runtime (1.30) makes a Gather at the places of a Range a Slice, whoever else fetches the
 * range, and its process ends.
 */
function withReadRanges(nodes: readonly Node[], outputs: readonly string[]): readonly Node[] {
  const fetched = nodes.filter(
    ({ op, outputs: [made = ''] }) => op === 'Range' && outputs.includes(made),
  );
  if (fetched.length === 0) return nodes;
  const taken = namesIn(nodes);
  const renames = new Map(
    fetched.map(({ outputs: [made = ''] }) => [made, taken.fresh(`${made}_range`)]),
  );
  const renamed = (name: string) => renames.get(name) ?? name;
  return nodes.flatMap((node) => {
    const named = renameInNode(node, renamed);
    const [made = ''] = fetched.includes(node) ? node.outputs : [];
    return made ? [named, makeNode('Identity', [renamed(made)], [made])] : [named];
  });
}

function namesIn(nodes: readonly Node[]): FreshNames {
  const names = freshNames();
  for (const { inputs, outputs } of nodes)
    for (const name of [...inputs, ...outputs]) names.take(name);
  return names;
}

function withoutTensor(graph: Graph, name: string): Graph {
  const initializers = graph.initializers.filter((tensor) => tensor.name !== name);
  return updated(graph, {
    initializers:
      initializers.length < graph.initializers.length ? initializers : graph.initializers,
    nodes: graph.nodes.map((node) => mapBodies(node, (body) => withoutTensor(body, name))),
  });
}

function sized({ name, dtype, shape }: { readonly name: string } & Size): ValueInfo {
  return valueWith(name, { kind: 'tensor', dtype, shape: [...shape], denotation: '' });
}

function valueWith(name: string, type: ValueInfo['type']): ValueInfo {
  return { name, type, docString: '', metadata: [], unknown: new Uint8Array() };
}
