import { UserError } from '../../base/errors';
import { numbersOf } from '../../runtime/arrays';
import { realRows } from '../../runtime/calibration';
import { rowLabels } from '../../runtime/labels';
import { decisionsOf } from '../../tensor/decisions';
import type { Decisions } from '../../tensor/f1';
import { asLogits, type Reading } from '../../tensor/scores';
import type { OutputPair } from './metric';

/** What both models decide in each sample of a batch, and between how many classes. Throws `badInput` for data without fitting labels. */
export function decidedIn(
  pair: OutputPair,
  title: string,
): { readonly samples: readonly Decisions[]; readonly classes: number } {
  const { reference, candidate, batch, reading, tokens } = pair;
  const { labels, mask } = batch;
  if (!labels) throw new UserError('badInput', `${title} needs labels, and the data has none.`);
  const { shape } = reference;
  const layout = rowsIn(shape, reading);
  const known = rowLabels(labels, {
    ...{ shape: layout, real: realRows(shape, mask), isShifted: tokens !== undefined },
  });
  if (!known) {
    throw new UserError(
      'badInput',
      `${title} needs a label for each row of classes that the model gives: its output is [${shape.join(', ')}] for ${labels.length} ${labels.length === 1 ? 'label' : 'labels'}.`,
    );
  }
  const classes = reading === 'chance' ? 2 : (layout.at(-1) ?? 1);
  const beyond = known.flat().find((label) => label >= classes);
  if (beyond !== undefined) {
    throw new UserError(
      'badInput',
      `The data has the label ${beyond}; the model tells ${classes} classes apart, from 0 to ${classes - 1}.`,
    );
  }
  const [a, b] = [reference, candidate].map((each) =>
    asLogits(numbersOf(each) as ArrayLike<number>, reading),
  );
  return { samples: decisionsOf(a ?? [], b ?? [], classes, known), classes };
}

/** [samples, …, classes]; a chance is a row of its own. */
function rowsIn(shape: readonly number[], reading: Reading): readonly number[] {
  if (reading !== 'chance') return shape.length < 2 ? [1, ...shape] : shape;
  return shape.length > 1 && shape.at(-1) === 1 ? shape : [...shape, 1];
}
