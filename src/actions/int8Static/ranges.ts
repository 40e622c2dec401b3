import { calibrators, type Range } from '../../kernels/calibrate';
import { addValues, newHistogram } from '../../kernels/histogram';
import type { Observed } from '../../runtime/observe';
import type { rangeMethods } from './params';

/** Ways that look at the value alone. */
export type RangeMethod = Exclude<keyof typeof rangeMethods, 'results'>;

/** How a range is chosen; `percentile` in per cent. */
export interface RangeOptions {
  readonly method: RangeMethod;
  readonly percentile: number;
}

/** Sees a value batch by batch and keeps no more than a histogram of it. */
export interface RangeWatch {
  add(values: Float32Array): void;
  /** Zero to zero where nothing was seen. */
  range(): Range;
}

/** How much each batch moves the average: ONNX Runtime's calibrator has it so. */
const averaging = 0.01;
/** Many times the integers of a range: with as many bins as integers entropy would have nothing to choose from. */
const bins = 8192;
/** Integers that a range is cut into. */
const levels = 256;

export function watchRange(options: RangeOptions): RangeWatch {
  const { method, percentile } = options;
  if (method === 'minMax') return new Extremes(Math.min, Math.max);
  if (method === 'movingAverage') {
    const average = (before: number, batch: number) => before + averaging * (batch - before);
    return new Extremes(average, average);
  }
  const histogram = newHistogram(bins);
  return {
    add: (values) => addValues(histogram, values),
    range: () => calibrators[method](histogram, levels, percentile),
  };
}

type Merge = (before: number, batch: number) => number;

class Extremes implements RangeWatch {
  private low: number | undefined;
  private high: number | undefined;

  constructor(
    private readonly mergeLow: Merge,
    private readonly mergeHigh: Merge,
  ) {}

  add(values: Float32Array): void {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      // NaN and infinities say nothing about a range.
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low > high) return;
    this.low = this.low === undefined ? low : this.mergeLow(this.low, low);
    this.high = this.high === undefined ? high : this.mergeHigh(this.high, high);
  }

  range(): Range {
    return { low: this.low ?? 0, high: this.high ?? 0 };
  }
}

/** What was seen without padding. */
export function realValues({ tensor, real, elements }: Observed): Float32Array {
  const values = tensor.data as Float32Array;
  if (elements) return values.filter((_, at) => elements[at] !== 0);
  if (!real || real.every(Boolean)) return values;
  const width = tensor.shape.at(-1) ?? 1;
  const kept = new Float32Array(real.reduce((sum, row) => sum + row, 0) * width);
  let at = 0;
  real.forEach((isReal, row) => {
    if (!isReal) return;
    kept.set(values.subarray(row * width, (row + 1) * width), at);
    at += width;
  });
  return kept;
}
