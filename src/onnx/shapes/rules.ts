import type { Node } from '../model';
import type { Rule } from './fact';
import { operatorKey } from './operator';
import { attentionRules } from './families/attention';
import { classicRules } from './families/classic';
import { controlRules } from './families/control';
import { convolutionRules } from './families/convolution';
import { elementwiseRules } from './families/elementwise';
import { generationRules } from './families/generation';
import { indexingRules } from './families/indexing';
import { movementRules } from './families/movement';
import { normalizationRules } from './families/normalization';
import { packedRules } from './families/packed';
import { productRules } from './families/products';
import { quantizationRules } from './families/quantization';
import { recurrentRules } from './families/recurrent';
import { reductionRules } from './families/reduction';
import { resamplingRules } from './families/resampling';
import { shapingRules } from './families/shaping';

/** Operator → how the types of its outputs follow from its inputs. Operators outside ONNX's own domain carry theirs before the name. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>(
  Object.entries({
    ...attentionRules,
    ...classicRules,
    ...controlRules,
    ...convolutionRules,
    ...elementwiseRules,
    ...generationRules,
    ...indexingRules,
    ...movementRules,
    ...normalizationRules,
    ...packedRules,
    ...productRules,
    ...quantizationRules,
    ...recurrentRules,
    ...reductionRules,
    ...resamplingRules,
    ...shapingRules,
  }),
);

/** Undefined for an operator that this version does not know. */
export function ruleOf(node: Pick<Node, 'op' | 'domain'>): Rule | undefined {
  return rules.get(operatorKey(node));
}
