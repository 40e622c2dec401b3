import { spectrumOf, type Spectrum } from '../../kernels/lowRank';

/** The weight as the product of two narrow matrices, of the smallest inner size that keeps this share of its energy. */
export function lowRank(share: number) {
  return (rows: Float32Array, width: number): Float32Array =>
    spectrum(rows, width).keeping(share).values;
}

/** The last matrix that was taken apart: several probes ask about one weight in turn, and most of the work is the same for all. */
let last: { values: Float32Array; width: number; found: Spectrum } | undefined;

function spectrum(values: Float32Array, width: number): Spectrum {
  if (last?.width === width && areEqual(last.values, values)) return last.found;
  last = undefined;
  const kept = values.slice();
  const found = spectrumOf(kept, width);
  last = { values: kept, width, found };
  return found;
}

function areEqual(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
