import type { ByteSource } from '../base/bytes';
import { type GraphIndex, indexGraph, type NodeEntry } from '../onnx/graph';
import { readModel } from '../onnx/read';
import { type ExecutedNode, mapExecuted } from '../profile/executed';
import type { KernelProof } from '../protocol/build';
import type { Runner } from '../runtime/runner';
import type { Layer, Structure } from '../structure/structure';
import { type Compressed, compressedLayer } from './compressed';
import { loadMarked } from './loadMarked';
import { type RanAs, schemeOf } from './schemes';

export interface KernelOptions {
  readonly runner: Runner;
  /** The model's file. */
  readonly file: string;
  readonly threads: number;
  /** Where the runtime writes the graph that it made; in a folder of its own, which the caller removes. */
  readonly optimizedFile: string;
  readonly open: (path: string) => ByteSource;
}

/**
 * Loads a model, reads the graph that the runtime made of it back, and tells of every layer stored in fewer bits whether the kernel that
 * makes it fast runs. Empty for a model without such layers. Throws what the runtime refuses.
 */
export async function proveKernels(
  structure: Structure,
  { runner, file, threads, optimizedFile, open }: KernelOptions,
): Promise<KernelProof[]> {
  const compressed = structure.layers.flatMap((layer) => compressedLayer(layer) ?? []);
  if (compressed.length === 0) return [];
  const session = await loadMarked(runner, structure.index, file, { threads, optimizedFile });
  await session.release();
  const graph = indexGraph(readModel(open(optimizedFile)));
  return judge(compressed, graph, mapExecuted(structure.index, graph));
}

/** `executed` in the order of the graph's nodes, as `mapExecuted` gives it. */
function judge(
  compressed: readonly Compressed[],
  graph: GraphIndex,
  executed: readonly ExecutedNode[],
): KernelProof[] {
  const nodesOf = new Map<NodeEntry, NodeEntry[]>();
  executed.forEach(({ how, sources }, at) => {
    const entry = graph.entries[at];
    if (!entry || how === 'inserted') return;
    for (const source of sources) nodesOf.set(source, [...(nodesOf.get(source) ?? []), entry]);
  });
  const stored = new Set(graph.scopes.flatMap((scope) => [...scope.initializers.keys()]));
  return compressed.map((each) => proofOf(each, ranAs(each, nodesOf, stored)));
}

function ranAs(
  { layer, packed }: Compressed,
  nodesOf: ReadonlyMap<NodeEntry, readonly NodeEntry[]>,
  stored: ReadonlySet<string>,
): RanAs {
  const nodes = unique(nodesOf.get(layer.main) ?? []);
  const all = unique(layer.nodes.flatMap((node) => nodesOf.get(node) ?? []));
  return {
    nodes,
    ops: new Set(nodes.map(({ node }) => node.op)),
    dequantizes: all.some(
      ({ node }) => node.op === 'DequantizeLinear' && node.inputs[0] === packed.name,
    ),
    unpackedAtLoad: !stored.has(packed.name),
  };
}

function proofOf(compressed: Compressed, ran: RanAs): KernelProof {
  const scheme = schemeOf(compressed);
  const ok = scheme.runs(compressed, ran);
  const reasons = ok ? (scheme.notes ?? []) : scheme.misses;
  const known = reasons.find(({ when }) => when(compressed, ran))?.why ?? null;
  return {
    layer: compressed.layer.id,
    scheme: scheme.title(compressed),
    wanted: scheme.wanted,
    ran: [...ran.ops, ...(ran.dequantizes ? ['DequantizeLinear'] : [])],
    ok,
    why: known ?? (ok ? null : unknownReason(compressed.layer, ran)),
  };
}

function unknownReason(layer: Layer, { ops }: RanAs): string {
  return ops.size === 0
    ? `What became of ${layer.op} could not be read off the runtime’s graph.`
    : 'The runtime chose another kernel.';
}

const unique = <T>(values: readonly T[]) => [...new Set(values)];
