import type { Inspection, Profile } from '../protocol/types';
import type { Insight } from '../protocol/viewApi';
import { gatherFacts } from './facts';
import type { Rule } from './rules/rule';
import type { Choices } from './table';
import { timeRules } from './rules/time';
import { weightsRules } from './rules/weights';
import { workRules } from './rules/work';

/** The rules of "What stands out", most consequential first: the order in which their sentences are shown. */
export const insightRules = {
  embeddingBytes: weightsRules.embeddingBytes,
  attentionTime: timeRules.attentionTime,
  recurrent: workRules.recurrent,
  shapeArithmetic: timeRules.shapeArithmetic,
  normTime: timeRules.normTime,
  depthwise: timeRules.depthwise,
  headMacs: workRules.headMacs,
  headCopy: weightsRules.headCopy,
  headLikeTable: weightsRules.headLikeTable,
  quantizedInFloat: timeRules.quantizedInFloat,
  quantized: weightsRules.quantized,
  wideFloats: weightsRules.wideFloats,
  dominantLayer: workRules.dominantLayer,
  peakMemory: workRules.peakMemory,
  fusion: timeRules.fusion,
  unattributed: timeRules.unattributed,
  unknownCosts: workRules.unknownCosts,
} satisfies Record<string, Rule>;

export type RuleId = keyof typeof insightRules;

/** What stands out in a model: the sentences of the rules whose evidence passed their thresholds. None at all is fine. */
export function findInsights(inspection: Inspection, profile?: Profile): Insight[] {
  const facts = gatherFacts(inspection, profile);
  return (Object.entries(insightRules) as [RuleId, Rule][]).flatMap(([id, rule]) => {
    const found = rule.find(facts);
    // Written so that a strength that is not a number says nothing.
    if (!found || !(found.strength >= rule.threshold)) return [];
    const { figure, text, filter, action } = found;
    return [{ id, figure, text, filter, ...(action ? { action } : {}) }];
  });
}

/** The same sentences without the remedies that a recipe holds already. */
export function openRemedies(insights: readonly Insight[], choices: Choices): Insight[] {
  return insights.map(({ action, ...insight }) =>
    action?.layers.some((layer) => !choices.has(layer)) ? { ...insight, action } : insight,
  );
}
