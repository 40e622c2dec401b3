import { quoted } from '../../base/quote';
import { makeNode } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, type Scope } from '../../onnx/graph';
import type { Tensor } from '../../onnx/model';
import { inferShapes } from '../../onnx/shapes/infer';
import { floatValues, storedBytes, tensorBytes, tensorRange } from '../../onnx/weights';
import { buildStructure } from '../../structure/build';
import type { Layer } from '../../structure/structure';
import { transpose } from '../../tensor/linalg';
import { defineAction, type Workbench } from '../action';
import { isOutput, wholeModel } from './whole';

const title = 'Store equal weights once';

const params = {
  transposed: {
    kind: 'boolean',
    title: 'Transposed copies too',
    help: 'A head tied to the embedding is often stored transposed: it is then turned when the model is loaded, at no cost per run.',
    default: true,
  },
} as const;

/** Below so many bytes a copy does not matter, and equal contents may be chance. */
const smallest = 1024;
/** Larger matrices are not turned to be compared: both would be in memory. */
const largestTurned = 512 * 1024 * 1024;

/** Weights that are stored twice, byte for byte or transposed, are stored once. */
export const deduplicate = defineAction({
  ...wholeModel,
  title,
  about:
    'Keeps one of several equal weights, of a tied head and its embedding for example; the answers stay equal.',
  params,
  edits: (bench, _, options) => {
    const same = equalEdits(bench);
    if (same.length > 0 || !options.transposed) return same;
    const turned = transposedEdits(bench);
    if (turned.length === 0) tellMissed(bench);
    return turned;
  },
});

/** Names copies that an earlier step stored in another form each by itself, since codes are not found to be transposed copies. */
function tellMissed({ structure, original, open, tell }: Workbench): void {
  if (!tell || structure.index === original) return;
  const { layers } = buildStructure(
    original,
    inferShapes(original, { sizes: new Map(), open }),
    open,
  );
  const now = new Map(structure.layers.map((layer) => [layer.id, layer]));
  const tensorsNow = ({ id }: Layer) => new Set(now.get(id)?.weights.map(({ tensor }) => tensor));
  for (const layer of layers) {
    const copied = layer.weights.flatMap((weight) => weight.original ?? []);
    const first = layers.find(({ weights }) =>
      weights.some(({ tensor }) => copied.includes(tensor)),
    );
    const mine = tensorsNow(layer);
    if (!first || mine.size === 0 || [...tensorsNow(first)].some((each) => mine.has(each)))
      continue;
    tell(
      `The weights of ${quoted(first.id)} and ${quoted(layer.id)} are equal, and an earlier step stored each by itself: put “${title}” before it.`,
    );
  }
}

/** A tensor of the main graph that nothing but nodes reads. */
function isFree({ main }: Workbench['structure']['index'], name: string): boolean {
  return !main.inputNames.has(name) && !isOutput(main, name);
}

function equalEdits({ structure: { index }, open }: Workbench): Edit[] {
  const { main } = index;
  const groups = new Map<string, Tensor[]>();
  for (const tensor of main.initializers.values()) {
    if (tensor.dtype === 'string' || storedBytes(tensor) < smallest) continue;
    if (!isFree(index, tensor.name)) continue;
    const key = `${tensor.dtype} ${tensor.shape.join('×')} ${sample(tensor, open)}`;
    groups.set(key, [...(groups.get(key) ?? []), tensor]);
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    others
      .filter((other) => first && areEqual(first, other, open))
      .flatMap((other): Edit[] => [
        { kind: 'removeTensor', scope: main, name: other.name },
        { kind: 'renameValue', from: other.name, to: first?.name ?? '' },
      ]),
  );
}

const piece = 1 << 20;

/** Some bytes of a tensor, to tell most others from it without reading all. */
function sample(tensor: Tensor, open: Workbench['open']): string {
  const { source, offset, length } = tensorRange(tensor, open);
  const at = [0, Math.floor(length / 2), length - 32].map((from) => Math.max(0, from));
  return at
    .map((from) =>
      Buffer.from(source.read(offset + from, Math.min(32, length - from))).toString('hex'),
    )
    .join(' ');
}

function areEqual(a: Tensor, b: Tensor, open: Workbench['open']): boolean {
  const [one, other] = [tensorRange(a, open), tensorRange(b, open)];
  for (let at = 0; at < one.length; at += piece) {
    const size = Math.min(piece, one.length - at);
    const left = one.source.read(one.offset + at, size);
    const right = other.source.read(other.offset + at, size);
    if (left.some((byte, i) => byte !== right[i])) return false;
  }
  return true;
}

/** Copies that the structure takes for transposed ones, where every element agrees. */
function transposedEdits({ structure, names, open }: Workbench): Edit[] {
  const { index } = structure;
  const { main } = index;
  const done = new Set<Tensor>();
  return structure.layers
    .flatMap(({ weights }) => weights)
    .flatMap(({ tensor, original }): Edit[] => {
      if (!original || done.has(tensor)) return [];
      done.add(tensor);
      const stored = [tensor, original].every((each) => main.initializers.get(each.name) === each);
      const isCopy = stored && isFree(index, tensor.name) && isTransposed(tensor, original, open);
      return isCopy ? turned(main, tensor, original, names.fresh(`${tensor.name}_turned`)) : [];
    });
}

function isTransposed(tensor: Tensor, original: Tensor, open: Workbench['open']): boolean {
  const [rows = 0, columns = 0] = original.shape;
  const fits =
    tensor.dtype === 'float32' &&
    original.dtype === 'float32' &&
    tensor.shape.join() === [columns, rows].join() &&
    storedBytes(tensor) <= largestTurned;
  if (!fits) return false;
  const expected = transpose(floatValues(original, open), rows, columns);
  const found = new Uint8Array(tensorBytes(tensor, open));
  const bytes = new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength);
  return found.every((byte, at) => byte === bytes[at]);
}

/** The copy made of the original by a node, which the runtime computes once, when it loads the model. */
function turned(main: Scope, tensor: Tensor, original: Tensor, name: string): Edit[] {
  // In the main graph: a reader in a body has its owner there.
  const readers = consumersOf(main, tensor.name).map((reader) => {
    let at = reader;
    while (at.scope !== main && at.scope.owner) at = at.scope.owner;
    return at;
  });
  const [first] = readers.sort((a, b) => a.index - b.index);
  if (!first) return [];
  const node = makeNode('Transpose', [original.name], [tensor.name], { name, perm: [1, 0] });
  return [
    { kind: 'removeTensor', scope: main, name: tensor.name },
    { kind: 'insertBefore', entry: first, nodes: [node] },
  ];
}
