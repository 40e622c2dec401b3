/** The given share of the weight's elements, its smallest magnitudes, set to zero. */
export function pruned(share: number) {
  return (values: Float32Array): Float32Array => {
    const count = Math.floor(values.length * share);
    if (count === 0) return values;
    const magnitudes = magnitudeBits(values);
    const { limit, below } = nthSmallest(magnitudes, count);
    // Equal magnitudes at the limit: as many as the share asks for, the first ones.
    let left = count - below;
    for (let i = 0; i < values.length; i++) {
      const bits = magnitudes[i] ?? 0;
      if (bits < limit || (bits === limit && left-- > 0)) values[i] = 0;
    }
    return values;
  };
}

/** Floats without their sign, as whole numbers, which lie in the same order. */
function magnitudeBits(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.length);
  new Float32Array(bits.buffer).set(values);
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] ?? 0) & 0x7fffffff;
  return bits;
}

/** Digits of a magnitude, the highest first, by which all are sorted into buckets: three passes rather than a sort. */
const digits = [
  { shift: 21, buckets: 1 << 10 },
  { shift: 10, buckets: 1 << 11 },
  { shift: 0, buckets: 1 << 10 },
] as const;

/** The `count`-th smallest, and how many are smaller than it. */
function nthSmallest(values: Uint32Array, count: number): { limit: number; below: number } {
  let known = 0;
  let mask = 0;
  let below = 0;
  for (const { shift, buckets } of digits) {
    const sizes = new Uint32Array(buckets);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      if ((value & mask) !== known) continue;
      const at = (value >>> shift) & (buckets - 1);
      sizes[at] = (sizes[at] ?? 0) + 1;
    }
    let digit = 0;
    for (; below + (sizes[digit] ?? 0) < count; digit++) below += sizes[digit] ?? 0;
    known |= digit << shift;
    mask |= (buckets - 1) << shift;
  }
  return { limit: known, below };
}
