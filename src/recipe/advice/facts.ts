import type { Comparison } from '../../protocol/build';
import type { Plan } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { Sensitivity } from '../../protocol/sensitivity';
import type { Inspection, LayerFacts, Profile } from '../../protocol/types';
import { type ModelTraits, traitsOf } from '../traits';

/** What has been measured on the model so far; all of it may be missing. */
export interface Evidence {
  readonly profile?: Profile;
  readonly sensitivity?: Sensitivity;
  readonly plan?: Plan;
  /** Recipes that were built and held against the original. */
  readonly built?: readonly { readonly steps: readonly Step[]; readonly comparison: Comparison }[];
}

/** What the advisor goes by. */
export interface AdviceFacts extends Evidence {
  readonly traits: ModelTraits;
  /** Of the file and its external data. */
  readonly bytes: number;
  /** Layers whose weights are stored in 32 bits, and what those take. */
  readonly compressible: { readonly layers: number; readonly bytes: number };
  /** Of layers that are stored in 8 bits or fewer. */
  readonly quantizedLayers: number;
  /** Bytes of 32-bit weights of convolutions, of those in `compressible`. */
  readonly convolutionBytes: number;
  readonly hasRecurrent: boolean;
}

/** Weights with fewer elements are norms and biases: nothing that compresses takes them. */
const smallest = 64;
const fewBits = /^(u?int[248]|float[48])/;

/** What an inspection tells the advisor; `data` says whether there is data to run the model on. */
export function adviceFacts(
  inspection: Inspection,
  data: boolean,
  evidence: Evidence = {},
): AdviceFacts {
  const { model, layers } = inspection;
  const floats = layers.filter((layer) => layer.tiedTo === null && floatBytes(layer) > 0);
  const sum = (of: readonly LayerFacts[]) => of.reduce((all, layer) => all + floatBytes(layer), 0);
  return {
    ...evidence,
    traits: traitsOf(inspection, data),
    bytes: model.externalData.reduce((all, file) => all + (file.bytes ?? 0), model.bytes),
    compressible: { layers: floats.length, bytes: sum(floats) },
    quantizedLayers: layers.filter(isQuantized).length,
    convolutionBytes: sum(floats.filter((layer) => layer.part === 'convolution')),
    hasRecurrent: layers.some((layer) => layer.part === 'recurrent'),
  };
}

const isMatrix = (weight: LayerFacts['weights'][number]) =>
  weight.shape.length > 1 && weight.parameters >= smallest;

function floatBytes({ part, weights }: LayerFacts): number {
  if (part === 'norm') return 0;
  return weights
    .filter((weight) => isMatrix(weight) && weight.dtype === 'float32')
    .reduce((sum, weight) => sum + weight.bytes, 0);
}

function isQuantized({ weights }: LayerFacts): boolean {
  return weights.some((weight) => isMatrix(weight) && fewBits.test(weight.dtype));
}
