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
      const isTable = (w: WeightFacts) =>
        w.dtype in floatBits && w.shape.length === 2 && w.bytes >= bigTableBytes;
      const layers = facts.layersOf.embedding.filter((layer) => layer.weights.some(isTable));
      const tables = layers.flatMap((layer) => layer.weights.filter(isTable));
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
        action: {
          title: 'Use 8-bit rows',
          action: 'int8Dynamic',
          params: {},
          layers: layers.map(({ id }) => id),
        },
      };
    },
  },
  headCopy: {
    measures: 'share of the weight bytes of a head that is the embedding table once more',
    threshold: 0.05,
    find: (facts) => {
      const { inspection, layersOf } = facts;
      const copies = layersOf.head.flatMap((head) => {
        const table = layersOf.embedding.find((layer) => layer.id === head.tiedTo);
        return head.weights
          .filter((weight) => table?.weights.some((one) => sameMatrix(one, weight)))
          .map((weight) => ({ weight, layers: [head.id, ...(table ? [table.id] : [])] }));
      });
      const [copy] = copies;
      if (!copy || copy.weight.bytes < bigTableBytes) return undefined;
      const { weight, layers } = copy;
      const share = weight.bytes / inspection.totals.weightBytes;
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the weight bytes are the embedding table once more, for the head: storing it once would save ${formatBytes(weight.bytes)}.`,
        filter: 'part:head,embedding',
        action: { title: 'Store it once', action: 'deduplicate', params: {}, layers },
      };
    },
  },
  headLikeTable: {
    measures: 'the same share where the weights are not there, so that only the shape tells',
    threshold: 0.05,
    find: ({ inspection, layersOf }) => {
      if (!inspection.model.externalData.some((file) => file.missing)) return undefined;
      const tables = layersOf.embedding.flatMap((layer) => layer.weights);
      const weight = layersOf.head
        .filter((layer) => layer.tiedTo === null)
        .flatMap((layer) => layer.weights)
        .find(
          (one) => one.bytes >= bigTableBytes && tables.some((table) => sameMatrix(table, one)),
        );
      if (!weight) return undefined;
      const share = weight.bytes / inspection.totals.weightBytes;
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the weight bytes are a head of the embedding table's shape: if it is the same table, which the missing weights would tell, storing it once saves ${formatBytes(weight.bytes)}.`,
        filter: 'part:head,embedding',
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
      const widths = [...new Set(stored.map(({ weight }) => storedBits(weight)))];
      const types = [...new Set(stored.map(({ weight }) => weight.dtype))];
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the parameters are already quantized, to ${listed(widths.sort((a, b) => b - a).map(String))} bits.`,
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

/** Bits of one element: packed codes are padded to whole blocks, so that there are somewhat more bytes than that. */
function storedBits({ bytes, parameters }: WeightFacts): number {
  return [8, 4, 2].find((bits) => (8 * bytes) / parameters >= bits) ?? 1;
}

/** Whether two weights under two names have one shape, as they stand or turned. */
function sameMatrix(a: WeightFacts, b: WeightFacts): boolean {
  if (a.name === b.name || a.dtype !== b.dtype) return false;
  if (a.shape.length !== 2 || b.shape.length !== 2) return false;
  const [rows, columns] = a.shape;
  return (
    (rows === b.shape[0] && columns === b.shape[1]) ||
    (rows === b.shape[1] && columns === b.shape[0])
  );
}
