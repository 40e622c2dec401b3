import { throwIfAborted } from '../base/cancel';
import type { Progress } from '../base/progress';
import { watching } from '../onnx/edit';
import type { GraphIndex } from '../onnx/graph';
import { type Calibration, type PositionMask, realElements, realRows } from './calibration';
import type { RunTensor } from './runner';

export interface Observed {
  readonly tensor: RunTensor;
  /** One byte for each row along the last axis, 0 for padding; undefined where all count. */
  readonly real: Uint8Array | undefined;
  /** One byte for each element where positions lie along the last axis, 0 for padding; undefined where all count, and elsewhere. */
  readonly elements?: Uint8Array | undefined;
}

export interface ObserveOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress: Progress;
}

/** Values of the main graph, which alone can be made outputs: those inside bodies of If and Loop cannot be watched. */
export function observable(index: GraphIndex, name: string): boolean {
  return index.main.producers.has(name) || index.main.inputNames.has(name);
}

/**
 * Runs the model on all of the calibration data and hands over the named values, batch by batch: nothing is kept. Inputs of the model
 * may be named too. Throws what loading and running throw.
 */
export async function observe(
  index: GraphIndex,
  calibration: Calibration,
  names: readonly string[],
  see: (values: ReadonlyMap<string, Observed>) => void | Promise<void>,
  { signal, progress }: ObserveOptions,
): Promise<void> {
  const made = names.filter((name) => index.main.producers.has(name));
  const session = await calibration.load(watching(index, made), { optimize: 'basic' });
  let seen = 0;
  try {
    for (const { feeds, mask } of calibration.batches()) {
      throwIfAborted(signal);
      // What the model is fed is known without running it.
      const outputs = made.length > 0 ? (await session.run(feeds, made)).outputs : {};
      const all = { ...feeds, ...outputs };
      await see(
        new Map(
          names.flatMap((name) => {
            const tensor = all[name];
            return tensor ? [[name, observed(tensor, mask)]] : [];
          }),
        ),
      );
      seen += mask?.batch ?? Object.values(feeds)[0]?.shape[0] ?? 1;
      progress(seen / calibration.samples, `${seen} of ${calibration.samples} samples`);
    }
  } finally {
    await session.release();
  }
}

const observed = (tensor: RunTensor, mask: PositionMask | undefined): Observed => ({
  tensor,
  ...{ real: realRows(tensor.shape, mask), elements: realElements(tensor.shape, mask) },
});
