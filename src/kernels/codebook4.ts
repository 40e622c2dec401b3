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

/** Largest magnitude of every block of consecutive values; the last block may be shorter. */
export function blockMaxima(values: Float32Array, block: number): Float32Array {
  const absMax = new Float32Array(Math.ceil(values.length / block));
  for (let i = 0; i < values.length; i++) {
    const b = Math.floor(i / block);
    absMax[b] = Math.max(absMax[b] ?? 0, Math.abs(values[i] ?? 0));
  }
  return absMax;
}

/**
 * Quantizes consecutive values in blocks; for a weight [K, N] give it transposed, [N, K], as MatMulBnb4 stores it. `absMax` may be
 * given where it is stored less exactly, so that the codes are made for what will be read.
 */
export function quantizeCodebook(
  values: Float32Array,
  codebook: Codebook,
  block: number,
  absMax: Float32Array = blockMaxima(values, block),
): CodebookQuantized {
  const ladder = steps(codebooks[codebook]);
  const limits = Float32Array.from(ladder, (step) => step.upTo);
  const codes = new Uint8Array(values.length);
  for (let b = 0; b < absMax.length; b++) {
    const end = Math.min(values.length, (b + 1) * block);
    const largest = absMax[b] ?? 0;
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

/** Codes of 1, 2 or 4 bits, the first in a byte's highest bits, as MatMulBnb4 has them; the last byte is filled with zeros. */
export function packHighFirst(codes: Uint8Array, bits: 1 | 2 | 4 = 4): Uint8Array {
  const perByte = 8 / bits;
  const packed = new Uint8Array(Math.ceil(codes.length / perByte));
  for (let i = 0; i < codes.length; i++) {
    const at = Math.floor(i / perByte);
    packed[at] = (packed[at] ?? 0) | ((codes[i] ?? 0) << (8 - bits * ((i % perByte) + 1)));
  }
  return packed;
}

/** Block scales in 8 bits: code · scale + offset, one scale for each group of them. */
export interface DoubleQuantized {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  readonly offset: number;
}

/** Scales that share one scale in their turn, as in QLoRA (Dettmers et al. 2023, section 3). */
export const scaleGroup = 256;

/** Quantizes block scales to 8 bits around their mean, in groups of `scaleGroup`; the last group may be shorter. */
export function doubleQuantize(absMax: Float32Array): DoubleQuantized {
  const offset = Math.fround(
    absMax.reduce((sum, value) => sum + value, 0) / Math.max(1, absMax.length),
  );
  const centred = absMax.map((value) => value - offset);
  const scales = blockMaxima(centred, scaleGroup).map((largest) => largest / 127);
  const codes = Int8Array.from(centred, (value, i) => {
    const scale = scales[Math.floor(i / scaleGroup)] ?? 0;
    return scale === 0 ? 0 : Math.round(value / scale);
  });
  return { codes, scales, offset };
}

/** The block scales that are read back, in float32 as the runtime computes them. */
export function doubleDequantize({ codes, scales, offset }: DoubleQuantized): Float32Array {
  return Float32Array.from(
    codes,
    (code, i) => Math.fround(code * (scales[Math.floor(i / scaleGroup)] ?? 0)) + offset,
  );
}
