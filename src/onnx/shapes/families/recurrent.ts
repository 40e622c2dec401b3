import { intAttribute, stringAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { dtypeOf, fact, shapeOf, type NodeView, type Rule } from '../fact';

/** Recurrent layers: X [time, batch, input] (or batch first), outputs by step and at the end. */

function hiddenSize(view: NodeView, recurrenceAxis: number): Dim {
  return intAttribute(view.node, 'hidden_size') ?? shapeOf(view, 2)?.[recurrenceAxis] ?? null;
}

/** One matrix, or one for each way through the sequence. */
function directionsOf(view: NodeView): number {
  return stringAttribute(view.node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
}

/** `states` outputs follow the one by step; R is [directions, …, hidden, …] with the hidden size at `recurrenceAxis`. */
function recurrent(states: number, recurrenceAxis: number): Rule {
  return (view) => {
    const source = shapeOf(view, 0);
    const dtype = dtypeOf(view, 0) ?? dtypeOf(view, 1);
    if (source && source.length !== 3) return [fact(dtype, undefined)];
    const batchFirst = intAttribute(view.node, 'layout', 0) === 1;
    const [time = null, batch = null] = batchFirst ? [source?.[1], source?.[0]] : (source ?? []);
    const hidden = hiddenSize(view, recurrenceAxis);
    const directions = directionsOf(view);
    const steps = batchFirst
      ? [batch, time, directions, hidden]
      : [time, directions, batch, hidden];
    const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
    return [fact(dtype, steps), ...Array.from({ length: states }, () => fact(dtype, last))];
  };
}

/** The rules of recurrent layers. */
export const recurrentRules = {
  RNN: recurrent(1, 2),
  GRU: recurrent(1, 2),
  LSTM: recurrent(2, 2),
  // Its weights are stored transposed, [directions, hidden, 4 · hidden].
  'com.microsoft.DynamicQuantizeLSTM': recurrent(2, 1),
  'com.microsoft.AttnLSTM': recurrent(2, 2),
} satisfies Record<string, Rule>;
