import { formatBytes, formatShare } from '../../base/format';
import type { WeightFacts } from '../../protocol/types';
import { listed } from '../facts';
import { floatBits, isQuantized, type Rule } from './rule';

/** A table smaller than this is not worth a sentence. */
const bigTableBytes = 1e6;

/** What stands out in the bytes of the weights. */
export const weightsRules = {
  embeddingBytes: {
    measures:
      'share of the weight bytes that are embedding tables, where they do under 5 % of the MACs',
    threshold: 0.2,
    find: (facts) => {
      if ((facts.macShare.embedding ?? 1) >= 0.05) return undefined;
      const tables = facts.layersOf.embedding.flatMap((layer) =>
        layer.weights.filter(
          (w) => w.dtype in floatBits && w.shape.length === 2 && w.bytes >= bigTableBytes,
        ),
      );
      const distinct = [...new Map(tables.map((table) => [table.name, table])).values()];
      // A row of n numbers becomes n bytes and one float32 scale.
      const saved = distinct.reduce(
        (sum, table) => sum + table.bytes - table.parameters - 4 * (table.shape[0] ?? 0),
        0,
      );
      if (saved <= 0) return undefined;
      const macs = facts.macShare.embedding ?? 0;
      return {
        strength: facts.byteShare.embedding,
        figure: formatShare(facts.byteShare.embedding),
        text: `of the weight bytes are embeddings, which do ${macs === 0 ? 'none' : formatShare(macs)} of the arithmetic: 8-bit rows would save ${formatBytes(saved)}.`,
        filter: 'part:embedding',
      };
    },
  },
  headCopy: {
    measures:
      "share of the weight bytes of a head of the embedding table's shape that is stored apart from it",
    threshold: 0.05,
    find: (facts) => {
      const tables = facts.layersOf.embedding
        .flatMap((layer) => layer.weights)
        .filter((weight) => weight.bytes >= bigTableBytes);
      const same = (weight: WeightFacts) =>
        tables.some((table) => table.name !== weight.name && sameMatrix(table, weight));
      const found = facts.layersOf.head
        .filter((layer) => layer.tiedTo === null)
        .flatMap((layer) => layer.weights.filter(same));
      const weight = found[0];
      if (!weight) return undefined;
      const share = weight.bytes / facts.inspection.totals.weightBytes;
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the weight bytes are a head of the embedding table's shape, stored apart: if it is the same table, storing it once saves ${formatBytes(weight.bytes)}.`,
        filter: 'part:head',
      };
    },
  },
  quantized: {
    measures: 'share of the parameters stored in eight bits or fewer',
    threshold: 0.1,
    find: (facts) => {
      const stored = facts.weights.filter(({ weight }) => isQuantized(weight));
      const count = stored.reduce((sum, { weight }) => sum + weight.parameters, 0);
      const share = count / facts.inspection.totals.parameters;
      const types = [...new Set(stored.map(({ weight }) => weight.dtype))];
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the parameters are already quantized, to ${listed(types)}.`,
        filter: `type:${types.join(',')}`,
      };
    },
  },
  wideFloats: {
    measures: 'share of the weight bytes in float32 or wider, in a model of 10 MB and more',
    threshold: 0.5,
    find: (facts) => {
      const { weightBytes } = facts.inspection.totals;
      if (weightBytes < 1e7) return undefined;
      const wide = facts.weights.filter(({ weight }) => (floatBits[weight.dtype] ?? 0) > 16);
      const bytes = wide.reduce((sum, { weight }) => sum + weight.bytes, 0);
      const saved = wide.reduce(
        (sum, { weight }) => sum + weight.bytes * (1 - 16 / (floatBits[weight.dtype] ?? 16)),
        0,
      );
      return {
        strength: bytes / weightBytes,
        figure: formatShare(bytes / weightBytes),
        text: `of the weight bytes are float32: 16-bit storage would save ${formatBytes(saved)}, though no time on a CPU.`,
        filter: 'type:float32,float64',
      };
    },
  },
} satisfies Record<string, Rule>;

function sameMatrix(a: WeightFacts, b: WeightFacts): boolean {
  if (a.dtype !== b.dtype || a.shape.length !== 2 || b.shape.length !== 2) return false;
  const [rows, columns] = a.shape;
  return (
    (rows === b.shape[0] && columns === b.shape[1]) ||
    (rows === b.shape[1] && columns === b.shape[0])
  );
}
