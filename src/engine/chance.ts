import type { DataFacts } from '../base/dataKinds';
import type { GraphIndex } from '../onnx/graph';

const drawing = /^(Random|Multinomial$|Bernoulli$)/;

/** What the data is, with a word of warning where the model itself draws random numbers: its answers then differ from run to run. */
export function withChance(facts: DataFacts, { entries }: GraphIndex): DataFacts {
  const found = entries.find(({ node }) => node.domain === '' && drawing.test(node.op));
  if (!found) return facts;
  const told = `equal inputs mean equal answers, but the model draws random numbers (${found.node.op}): its chance may be part of the differences.`;
  return { ...facts, assumed: [...facts.assumed, told] };
}
