import { formatMs, formatShare } from '../../base/format';
import { listed, timeOfNodes } from '../facts';
import { counted, isDepthwise, isQuantized, type Rule } from './rule';
import { layerTime } from '../times';

/** Operators that multiply a weight in floating point. */
const floatKernels = new Set(['MatMul', 'Gemm', 'Conv', 'FusedMatMul', 'FusedGemm', 'FusedConv']);

/** Operators whose work is products; what the others of attention cost is moving and making up values. */
const productOps =
  /^(.*MatMul.*|Gemm|FusedGemm|QGemm|Conv.*|Attention|.*HeadAttention|GroupQueryAttention|Einsum)$/;

/** What stands out in the measured time. */
export const timeRules = {
  attentionTime: {
    measures: "attention's share of the time less its share of the MACs",
    threshold: 0.03,
    find: (facts) => {
      const time = facts.timeShare.attention;
      const macs = facts.macShare.attention;
      if (time === undefined || macs === undefined) return undefined;
      const inside = new Set(facts.layersOf.attention.map((layer) => layer.id));
      const others = timeOfNodes(
        facts,
        (node) => inside.has(node.layer) && !productOps.test(node.op),
      );
      const share = others && facts.totalTime ? others.ms / facts.totalTime : 0;
      const reason =
        others && share >= 0.01
          ? `: ${formatShare(share)} goes to ${listed(others.ops, 2)}, not to matrix products.`
          : ': its matrix products are small.';
      return {
        strength: time - macs,
        figure: formatShare(time),
        text: `of the time is attention, for ${formatShare(macs)} of the MACs${reason}`,
        filter: 'part:attention',
      };
    },
  },
  shapeArithmetic: {
    measures: 'share of the time in nodes of the part "other" that use no weights',
    threshold: 0.03,
    find: (facts) => {
      const bare = new Set(
        facts.layersOf.other.filter((l) => l.weights.length === 0 && !l.macs).map((l) => l.id),
      );
      const found = timeOfNodes(facts, (node) => bare.has(node.layer));
      if (!found || !facts.totalTime) return undefined;
      const share = found.ms / facts.totalTime;
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the time is in ${counted(found.count, 'node')} with no weights, outside attention and feed-forward: ${listed(found.ops)}.`,
        filter: 'part:other',
      };
    },
  },
  normTime: {
    measures: "the norms' share of the time",
    threshold: 0.05,
    find: (facts) => {
      const share = facts.timeShare.norm;
      if (share === undefined) return undefined;
      const { norm } = facts.layersOf;
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the time is in ${counted(norm.length, 'normalisation')}, which hold ${formatShare(facts.byteShare.norm)} of the weight bytes.`,
        filter: 'part:norm',
      };
    },
  },
  depthwise: {
    measures:
      "depthwise convolutions' share of the time over their share of the MACs, where they take 10 % of the time",
    threshold: 2,
    find: (facts) => {
      const [first] = facts.layersOf.convolution;
      // Over an input of one channel every convolution has the weights of a depthwise one.
      const isGrey = facts.inspection.model.inputs.some(({ shape }) => shape?.[1] === 1);
      const layers = facts.layersOf.convolution.filter(
        (layer) => isDepthwise(layer) && !(isGrey && layer === first),
      );
      const { profile, totalTime, inspection } = facts;
      if (!profile || !totalTime || !inspection.totals.macs || layers.length === 0)
        return undefined;
      const time =
        layers.reduce((sum, l) => sum + (layerTime(profile, l.id)?.timeMs ?? 0), 0) / totalTime;
      const macs = layers.reduce((sum, l) => sum + (l.macs ?? 0), 0) / inspection.totals.macs;
      if (time < 0.1 || macs === 0) return undefined;
      return {
        strength: time / macs,
        figure: formatShare(time),
        text: `of the time is in ${counted(layers.length, 'depthwise convolution')}, for ${formatShare(macs)} of the MACs: they compute little for the memory they move.`,
        filter: 'part:convolution',
      };
    },
  },
  quantizedInFloat: {
    measures: 'share of the layers with quantized weights that ran in floating point',
    threshold: 0.1,
    find: (facts) => {
      const { profile } = facts;
      const quantized = facts.inspection.layers.filter(
        (layer) => layer.part !== 'embedding' && layer.weights.some(isQuantized),
      );
      if (!profile || quantized.length === 0) return undefined;
      const inFloat = quantized.filter((layer) =>
        layerTime(profile, layer.id)?.ran.ops.some((op) => floatKernels.has(op)),
      );
      return {
        strength: inFloat.length / quantized.length,
        figure: `${inFloat.length} of ${quantized.length}`,
        text: `quantized layers ran in floating point: the runtime turned their weights back, so they save bytes and no time.`,
        filter: 'type:int8,uint8,int4,uint4',
      };
    },
  },
  fusion: {
    measures: 'time with optimisations off over time with them on',
    threshold: 1.15,
    find: ({ profile }) => {
      if (!profile) return undefined;
      const { plainLatencyMs, latencyMs } = profile.measured;
      if (!plainLatencyMs || latencyMs.median <= 0) return undefined;
      const ratio = plainLatencyMs.median / latencyMs.median;
      return {
        strength: ratio,
        figure: `${ratio.toFixed(1)}x`,
        text: `faster with the runtime's optimisations, ${formatMs(latencyMs.median)} against ${formatMs(plainLatencyMs.median)}: the layers' times are of the plain run, and do not add up to the latency.`,
        filter: '',
      };
    },
  },
  unattributed: {
    measures: 'share of a plain run that no node accounts for',
    threshold: 0.1,
    find: ({ profile }) => {
      if (!profile) return undefined;
      const { unattributedMs, disturbedMs, plainLatencyMs } = profile.measured;
      if (!plainLatencyMs || unattributedMs === null || plainLatencyMs.median <= 0)
        return undefined;
      // What other programs took is no work of the runtime's.
      const between = unattributedMs - (disturbedMs ?? 0);
      const share = between / plainLatencyMs.median;
      return {
        strength: share,
        figure: formatShare(share),
        text: `of a plain run (${formatMs(between)}) is in no node: the runtime's own work between them.`,
        filter: '',
      };
    },
  },
} satisfies Record<string, Rule>;
