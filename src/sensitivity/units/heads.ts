import { intAttribute } from '../../onnx/attributes';
import { type NodeEntry, producerOf } from '../../onnx/graph';
import type { Shapes } from '../../onnx/shapes/shapes';
import type { Structure } from '../../structure/structure';
import { candidatesOf } from '../candidates';
import { channelsOf } from '../channels';
import { layerSubject, type SweepLayer } from '../sweep';
import type { UnitSubject, UnitSubjects } from '../units';
import { weightChange } from '../weightChange';

/**
 * Heads of attention: each has a stretch of the inputs of the projection behind, and is removed with those rows of the projection's weight,
 * which is exactly what zeros in its stretch of the context would do.
 */
export function headSubjects(structure: Structure, shapes: Shapes): UnitSubjects {
  const isOutput = ({ layer: { part, role } }: Pick<SweepLayer, 'layer'>) =>
    part === 'attention' && role === 'output';
  const found = candidatesOf(structure);
  const outputs = found.layers.filter(isOutput);
  const subjects: UnitSubject[] = [];
  const skipped = found.skipped.filter(isOutput).map(({ layer: { id }, why }) => ({ id, why }));
  for (const each of outputs) {
    const { layer, weight } = each;
    const { width } = channelsOf(layer, weight);
    const count = headsBefore(layer.main, shapes, width);
    if (count === undefined) {
      skipped.push({ id: layer.id, why: 'How heads lie in its input could not be found.' });
    } else subjects.push(...headsOf(each, count, width));
  }
  return { subjects, skipped };
}

function headsOf(each: SweepLayer, count: number, width: number): UnitSubject[] {
  const { layer } = each;
  const size = width / count;
  return Array.from({ length: count }, (_, head) => ({
    ...layerSubject(each),
    ...{ id: `${layer.id}#head ${head}`, name: `${layer.name}, head ${head}` },
    ...{ unit: 'head', part: layer.part, role: 'context', block: layer.block },
    removal: weightChange(
      layer,
      [each.weight],
      withoutInputs(head * size, (head + 1) * size),
      undefined,
    ),
  }));
}

function withoutInputs(from: number, to: number) {
  return (rows: Float32Array, width: number): Float32Array => {
    for (let row = 0; row < rows.length; row += width) rows.fill(0, row + from, row + to);
    return rows;
  };
}

/** Operators that do not change how the last axis is divided. */
const passing: readonly string[] = ['Cast', 'Identity', 'Dropout', 'Squeeze', 'Unsqueeze'];
/** More than any exporter puts between heads and projection. */
const reach = 12;

/**
 * How many heads lie side by side in a projection's input of `width`: told by the reshape that joined them, whose input's last axis is one
 * head, or by the attention operator itself.
 */
function headsBefore(projection: NodeEntry, shapes: Shapes, width: number): number | undefined {
  let name = projection.node.inputs[0] ?? '';
  let maker = producerOf(projection.scope, name);
  for (let step = 0; maker && step < reach; step++) {
    const { node, scope }: NodeEntry = maker;
    const heads = intAttribute(node, 'num_heads') ?? intAttribute(node, 'q_num_heads');
    if (heads !== undefined) return heads > 1 && width % heads === 0 ? heads : undefined;
    name = node.inputs[0] ?? '';
    const last = shapes.typeOf(scope, name)?.shape?.at(-1);
    if (node.op === 'Reshape' || node.op === 'Flatten') {
      const isHead = typeof last === 'number' && last < width && width % last === 0;
      if (isHead) return width / last;
      if (last !== width) return undefined;
    } else if (!passing.includes(node.op) && !(node.op === 'Transpose' && last === width)) {
      return undefined;
    }
    maker = producerOf(scope, name);
  }
  return undefined;
}
