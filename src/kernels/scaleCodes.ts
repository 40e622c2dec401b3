/**
 * Scales as one byte each on a logarithmic ladder: scale = exp(code · step + offset). All are then equally exact, 1.4 % at worst where the
 * largest is a thousand times the smallest, and the codes of the weights are chosen for the rounded scales, so that little is lost.
 */
export interface ScaleLadder {
  readonly step: number;
  readonly offset: number;
}

const top = 255;

/** The ladder from the smallest to the largest of positive scales; zeros, which nothing is multiplied by, are left out. */
export function ladderOf(scales: Float32Array): ScaleLadder {
  let low = Infinity;
  let high = 0;
  for (let i = 0; i < scales.length; i++) {
    const scale = scales[i] ?? 0;
    if (scale > high) high = scale;
    if (scale > 0 && scale < low) low = scale;
  }
  if (!(high > 0) || !Number.isFinite(high)) return { step: 0, offset: 0 };
  const offset = Math.fround(Math.log(low));
  return { step: Math.fround((Math.log(high) - offset) / top), offset };
}

/** The rungs next to the scales. */
export function scaleCodes(scales: Float32Array, { step, offset }: ScaleLadder): Uint8Array {
  const codes = new Uint8Array(scales.length);
  if (step === 0) return codes;
  for (let i = 0; i < scales.length; i++) {
    const scale = scales[i] ?? 0;
    const rung = scale > 0 ? Math.round((Math.log(scale) - offset) / step) : 0;
    codes[i] = rung < 0 ? 0 : rung > top ? top : rung;
  }
  return codes;
}

/** The scales that the codes stand for. */
export function scalesOf(codes: Uint8Array, { step, offset }: ScaleLadder): Float32Array {
  const rungs = Float32Array.from({ length: top + 1 }, (_, code) => Math.exp(code * step + offset));
  return Float32Array.from(codes, (code) => rungs[code] ?? 0);
}
