import { type GraphIndex, scopeOf } from '../onnx/graph';
import type { Layer, Structure, Weight } from '../structure/structure';
import type { SweepLayer } from './sweep';

/** Layers that can be asked about, and those that cannot with the reason; layers without weights are neither. */
export interface Candidates {
  readonly layers: readonly SweepLayer[];
  readonly skipped: readonly { readonly layer: Layer; readonly why: string }[];
}

/** Norms and biases are a thousandth of a model and never compressed. */
const smallest = 64;

/** Finds the weight of every layer that the probes can change. A weight that several layers share is asked about once, with the first. */
export function candidatesOf({ layers, index }: Structure): Candidates {
  const found: SweepLayer[] = [];
  const skipped: { layer: Layer; why: string }[] = [];
  const taken = new Set<string>();
  for (const layer of layers) {
    if (layer.part === 'norm') continue;
    const [weight] = matricesOf(layer);
    if (!weight) continue;
    const why = taken.has(weight.name)
      ? 'It shares its weight with a layer before it.'
      : reasonAgainst(index, layer, weight.name, weight.tensor.dtype);
    taken.add(weight.name);
    if (why) skipped.push({ layer, why });
    else found.push({ layer, weight });
  }
  return { layers: found, skipped };
}

/** A layer's weights that are worth compressing. */
function matricesOf({ weights }: Layer): readonly Weight[] {
  return weights.filter(
    ({ kind, parameters, shape }) =>
      (kind === 'weight' || kind === 'table') && parameters >= smallest && shape.length > 1,
  );
}

/** All weights of a layer that its probes change together: a recurrent layer has one for its inputs and one for its state. */
export function probedWeights({ layer, weight }: SweepLayer): readonly Weight[] {
  const others = matricesOf(layer).filter((each) => each !== weight);
  return [weight, ...others.filter(({ tensor }) => tensor.dtype === 'float32')];
}

function reasonAgainst(
  { main }: GraphIndex,
  layer: Layer,
  weight: string,
  dtype: string,
): string | undefined {
  if (dtype !== 'float32') return `Its weight is ${dtype}; the probes change float32.`;
  const scope = scopeOf(layer.main.scope, weight) ?? main;
  const isStored =
    scope.initializers.has(weight) || scope.producers.get(weight)?.node.op === 'Constant';
  return isStored ? undefined : 'Its weight is computed inside the model.';
}
