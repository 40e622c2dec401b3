import { formatBytes, formatCount, formatMs, formatShare } from '../../base/format';
import { partNames, parts } from '../../base/terms';
import { printable } from '../../base/text';
import type { LayerFacts } from '../../protocol/types';
import { listed } from '../facts';
import { counted, maximum, type Rule } from './rule';
import { layerTime } from '../times';

/** What stands out in the arithmetic and in the memory it takes. */
export const workRules = {
  recurrent: {
    measures: 'share of the time, or of the MACs until measured, in recurrent layers',
    threshold: 0.2,
    find: (facts) => {
      const share = facts.timeShare.recurrent ?? facts.macShare.recurrent;
      if (share === undefined) return undefined;
      const what = facts.timeShare.recurrent === undefined ? 'MACs are' : 'time is';
      return {
        strength: share,
        figure: formatShare(share),
        text: `of the ${what} recurrent: one step after another over the sequence, so it grows with the length.`,
        filter: 'part:recurrent',
      };
    },
  },
  headMacs: {
    measures: "the head's share of the MACs of a decoder that computes it at every position",
    threshold: 0.15,
    find: (facts) => {
      const { structure, dimensions } = facts.inspection;
      const head = facts.macShare.head;
      const sequence = dimensions['sequence'] ?? 1;
      const layer = maximum(facts.layersOf.head, (one) => one.macs ?? 0);
      if (structure.family !== 'decoder' || head === undefined || !layer?.macs) return undefined;
      const { parameters } = layer;
      // One product per position: the head's MACs are its weights times the sequence.
      if (sequence < 2 || parameters === 0 || layer.macs < parameters * sequence * 0.9)
        return undefined;
      return {
        strength: head,
        figure: formatShare(head),
        text: `of the MACs are the head, at all ${sequence} positions: generating text needs only the last.`,
        filter: 'part:head',
      };
    },
  },
  dominantLayer: {
    measures: 'share of the time, or of the MACs until measured, of one layer among eight or more',
    threshold: 0.25,
    find: (facts) => {
      const { inspection, profile, totalTime } = facts;
      const cost = (layer: LayerFacts) =>
        profile ? (layerTime(profile, layer.id)?.timeMs ?? 0) : (layer.macs ?? 0);
      const whole = profile ? totalTime : inspection.totals.macs;
      // A decoder's head is large by nature, and has a sentence of its own.
      const layers = inspection.layers.filter((layer) => layer.part !== 'head');
      const most = maximum(layers, cost);
      if (!most || !whole || inspection.layers.length < 8) return undefined;
      return {
        strength: cost(most) / whole,
        figure: formatShare(cost(most) / whole),
        text: `of the ${profile ? 'time is' : 'MACs are'} in one layer: ${printable(most.name, 80)} (${profile ? formatMs(cost(most)) : formatCount(cost(most))}).`,
        filter: `name:"${most.name.replaceAll('"', '')}"`,
      };
    },
  },
  peakMemory: {
    measures:
      'share of the peak of live activations that one part holds, where the peak is 10 MB and more',
    threshold: 0.6,
    find: (facts) => {
      const { totals, parts: figures } = facts.inspection;
      const peak = totals.peakActivationBytes;
      if (peak === null || peak < 1e7) return undefined;
      const most = maximum(partNames, (part) => figures[part].peakActivationBytes ?? 0);
      if (!most || most === 'other') return undefined;
      const bytes = figures[most].peakActivationBytes ?? 0;
      return {
        strength: bytes / peak,
        figure: formatShare(bytes / peak),
        text: `of the ${formatBytes(peak)} of activations alive at the peak belong to ${parts[most].toLowerCase()} layers.`,
        filter: `part:${most}`,
      };
    },
  },
  unknownCosts: {
    measures: 'nodes whose cost cannot be told',
    threshold: 1,
    find: ({ inspection }) => {
      const nodes = new Set(inspection.unknown.map((unknown) => unknown.node));
      const ops = inspection.nodes.filter((node) => nodes.has(node.name)).map((node) => node.op);
      return {
        strength: nodes.size,
        figure: counted(nodes.size, 'node'),
        text: `of unknown cost (${listed([...new Set(ops)])}): the totals leave them out.`,
        filter: '',
      };
    },
  },
} satisfies Record<string, Rule>;
