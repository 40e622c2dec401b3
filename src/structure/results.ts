import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import type { Layer } from './structure';

/** The value that a layer with weights hands on; undefined for one without, or inside a body of If, Loop or Scan. */
export function resultOf(layer: Layer, { main }: GraphIndex): string | undefined {
  if (!layer.weights.some(({ parameters }) => parameters > 0)) return undefined;
  const own = new Set(layer.nodes);
  const leaving = layer.nodes
    .filter(({ scope }) => scope === main)
    .flatMap(({ node }) => node.outputs)
    .filter((name) => name !== '' && isReadOutside(name, own, main));
  const [result] = leaving.slice(-1);
  return result;
}

/** Whether a value of the main graph is read by others than `own`, or is one of the model's outputs. */
export function isReadOutside(name: string, own: ReadonlySet<NodeEntry>, main: Scope): boolean {
  const isOutput = main.graph.outputs.some((output) => output.name === name);
  return isOutput || (main.consumers.get(name) ?? []).some((reader) => !own.has(reader));
}
