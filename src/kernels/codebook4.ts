/** 4-bit codes into a fixed table of 16 values, one absolute maximum per block: NF4 and FP4 as bitsandbytes and MatMulBnb4 have them. */

/**
 * NF4: the quantiles of a standard normal that split its mass evenly, scaled to [−1, 1], with an exact zero
 * (Dettmers et al. 2023, appendix E).
 */
const nf4 = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
);

/** FP4: one sign bit, two exponent bits, one mantissa bit, in the order of bitsandbytes' codes. */
const fp4Half = [0, 0.005208333333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25];
const fp4 = Float32Array.from([...fp4Half, ...fp4Half.map((value) => -value)]);

export const codebooks = { nf4, fp4 } as const;
export type Codebook = keyof typeof codebooks;

export interface CodebookQuantized {
  readonly codebook: Codebook;
  readonly block: number;
  /** One code per byte, in the order of the values. */
  readonly codes: Uint8Array;
  /** One per block of consecutive values; the last block may be shorter. */
  readonly absMax: Float32Array;
}

interface Step {
  readonly code: number;
  /** Values above the previous step's limit and up to this one take the code. */
  readonly upTo: number;
}

/** Just below zero: FP4 has two zeros, and only negative values take the negative one. */
const belowZero = -1.401298464324817e-45;

/** Codes in rising order of their values, with the midpoints between neighbours as limits. */
function steps(table: Float32Array): Step[] {
  const rising = [...table]
    .map((value, code) => ({ value, code }))
    .sort((a, b) => a.value - b.value || (Object.is(a.value, -0) ? -1 : 1));
  return rising.map(({ value, code }, i) => {
    const next = rising[i + 1]?.value ?? Infinity;
    return { code, upTo: value === next ? belowZero : Math.fround((value + next) / 2) };
  });
}

/** Quantizes consecutive values in blocks; for a weight [K, N] give it transposed, [N, K], as MatMulBnb4 stores it. */
export function quantizeCodebook(
  values: Float32Array,
  codebook: Codebook,
  block: number,
): CodebookQuantized {
  const ladder = steps(codebooks[codebook]);
  const limits = Float32Array.from(ladder, (step) => step.upTo);
  const absMax = new Float32Array(Math.ceil(values.length / block));
  const codes = new Uint8Array(values.length);
  for (let b = 0; b < absMax.length; b++) {
    const end = Math.min(values.length, (b + 1) * block);
    let largest = 0;
    for (let i = b * block; i < end; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0));
    absMax[b] = largest;
    const reciprocal = largest === 0 ? 0 : Math.fround(1 / largest);
    for (let i = b * block; i < end; i++) {
      const value = Math.fround((values[i] ?? 0) * reciprocal);
      let at = 0;
      while (value > (limits[at] ?? Infinity)) at++;
      codes[i] = ladder[at]?.code ?? 0;
    }
  }
  return { codebook, block, codes, absMax };
}

export function dequantizeCodebook({
  codebook,
  block,
  codes,
  absMax,
}: CodebookQuantized): Float32Array {
  const table = codebooks[codebook];
  return Float32Array.from(
    codes,
    (code, i) => (table[code] ?? 0) * (absMax[Math.floor(i / block)] ?? 0),
  );
}

/** MatMulBnb4's bytes: the first of two codes in the high half. */
export function packHighFirst(codes: Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(codes.length / 2));
  for (let i = 0; i < codes.length; i += 2)
    packed[i / 2] = ((codes[i] ?? 0) << 4) | (codes[i + 1] ?? 0);
  return packed;
}
