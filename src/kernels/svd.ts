/**
 * Singular values and right singular vectors of a matrix, from the eigenvectors of its Gram matrix: values below 1e-8 of the largest are
 * lost, which is no matter where energy is counted. Work grows with rows · n² + n³ for a matrix [rows, n].
 */
export interface Decomposition {
  /** Squares of the singular values, largest first. */
  readonly energies: Float64Array;
  /** [n, n]: the right singular vectors as rows, in the same order. */
  readonly vectors: Float64Array;
}

/** Decomposes a matrix [rows, n]; `n` should be the smaller side. */
export function decompose(values: Float32Array, n: number): Decomposition {
  const { diagonal, below, vectors } = tridiagonal(gram(values, n), n);
  diagonalize(diagonal, below, vectors, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => (diagonal[b] ?? 0) - (diagonal[a] ?? 0));
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n));
  // Rounding leaves traces below zero where there is no energy.
  const energies = Float64Array.from(order, (at) => Math.max(0, diagonal[at] ?? 0));
  return { energies, vectors: sorted };
}

/** Aᵀ·A of a matrix [rows, n], four rows at a time so that a sum is read and written a quarter as often. */
function gram(values: Float32Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  const rows = Math.floor(values.length / n);
  const four = new Float64Array(4 * n);
  for (let row = 0; row < rows; row += 4) {
    four.fill(0);
    four.set(values.subarray(row * n, Math.min(rows, row + 4) * n));
    addFour(result, four, n);
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) result[i * n + j] = result[j * n + i] ?? 0;
  }
  return result;
}

/** Adds the products of four rows to the upper half. */
function addFour(sums: Float64Array, rows: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const a = rows[i] ?? 0;
    const b = rows[n + i] ?? 0;
    const c = rows[2 * n + i] ?? 0;
    const d = rows[3 * n + i] ?? 0;
    const own = i * n;
    for (let j = i; j < n; j++) {
      sums[own + j] =
        (sums[own + j] ?? 0) +
        (a * (rows[j] ?? 0) +
          b * (rows[n + j] ?? 0) +
          c * (rows[2 * n + j] ?? 0) +
          d * (rows[3 * n + j] ?? 0));
    }
  }
}

/** A symmetric matrix as Q·T·Qᵀ, T having a diagonal and one line below it (`below[0]` unused). `vectors` are the columns of Q as rows. */
interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly below: Float64Array;
  readonly vectors: Float64Array;
}

/** Householder's reduction (Golub and Van Loan, Matrix Computations, 8.3.1), from the last row up. Overwrites `a`. */
function tridiagonal(a: Float64Array, n: number): Tridiagonal {
  const below = new Float64Array(n);
  const factors = new Float64Array(n);
  const product = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const mirror = a.subarray(i * n, i * n + i);
    below[i] = reflect(mirror, factors, i);
    const factor = factors[i] ?? 0;
    if (factor === 0) continue;
    multiplyLower(a, mirror, product, i, n);
    let along = 0;
    for (let j = 0; j < i; j++) {
      product[j] = (product[j] ?? 0) * factor;
      along += (product[j] ?? 0) * (mirror[j] ?? 0);
    }
    const half = (along * factor) / 2;
    for (let j = 0; j < i; j++) product[j] = (product[j] ?? 0) - half * (mirror[j] ?? 0);
    subtractBoth(a, mirror, product, i, n);
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i] ?? 0);
  return { diagonal, below, vectors: reflections(a, factors, n) };
}

/** Makes of a row the vector v with (1 − factor·v·vᵀ)·row = [0, …, 0, value], whose value it returns. */
function reflect(row: Float64Array, factors: Float64Array, i: number): number {
  let squares = 0;
  for (let j = 0; j < i - 1; j++) squares += (row[j] ?? 0) ** 2;
  const last = row[i - 1] ?? 0;
  if (squares === 0) return last;
  const length = Math.sqrt(squares + last * last);
  const value = last > 0 ? -length : length;
  row[i - 1] = last - value;
  factors[i] = 2 / (squares + (last - value) ** 2);
  return value;
}

/** The product of the leading [size, size] of a symmetric matrix, of which the lower half is kept, with a vector. */
function multiplyLower(
  a: Float64Array,
  vector: Float64Array,
  product: Float64Array,
  size: number,
  n: number,
): void {
  for (let j = 0; j < size; j++) {
    const own = j * n;
    const factor = vector[j] ?? 0;
    let sum = 0;
    for (let k = 0; k < j; k++) {
      const value = a[own + k] ?? 0;
      sum += value * (vector[k] ?? 0);
      product[k] = (product[k] ?? 0) + value * factor;
    }
    product[j] = sum + (a[own + j] ?? 0) * factor;
  }
}

/** A −= v·pᵀ + p·vᵀ in the lower half of the leading [size, size]. */
function subtractBoth(
  a: Float64Array,
  v: Float64Array,
  p: Float64Array,
  size: number,
  n: number,
): void {
  for (let j = 0; j < size; j++) {
    const own = j * n;
    const [vj, pj] = [v[j] ?? 0, p[j] ?? 0];
    for (let k = 0; k <= j; k++) {
      a[own + k] = (a[own + k] ?? 0) - (vj * (p[k] ?? 0) + pj * (v[k] ?? 0));
    }
  }
}

/** Columns of the product of all reflections, as rows; the vector of reflection i stands in row i of `a`. */
function reflections(a: Float64Array, factors: Float64Array, n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  // Those with small i change few elements: applied first, the work is a third.
  for (let i = 1; i < n; i++) {
    const factor = factors[i] ?? 0;
    if (factor === 0) continue;
    const vector = a.subarray(i * n, i * n + i);
    for (let row = 0; row < i; row++) {
      const own = row * n;
      let sum = 0;
      for (let k = 0; k < i; k++) sum += (q[own + k] ?? 0) * (vector[k] ?? 0);
      sum *= factor;
      for (let k = 0; k < i; k++) q[own + k] = (q[own + k] ?? 0) - sum * (vector[k] ?? 0);
    }
  }
  return q;
}

/** Sweeps over one eigenvalue until its neighbour vanishes; two are usual. */
const mostSweeps = 60;

/**
 * Eigenvalues and eigenvectors of a tridiagonal matrix by implicit QL with Wilkinson's shift (EISPACK tql2), in place: the diagonal becomes
 * the eigenvalues, the rows of `vectors` are turned with it.
 */
function diagonalize(
  diagonal: Float64Array,
  below: Float64Array,
  vectors: Float64Array,
  n: number,
): void {
  below.copyWithin(0, 1);
  below[n - 1] = 0;
  for (let first = 0; first < n; first++) {
    for (let sweep = 0; sweep < mostSweeps; sweep++) {
      const last = blockEnd(diagonal, below, first, n);
      if (last === first) break;
      sweepUp(diagonal, below, vectors, { first, last, n });
    }
  }
}

/** The end of the block from `first` on whose neighbours have not vanished. */
function blockEnd(diagonal: Float64Array, below: Float64Array, first: number, n: number): number {
  let at = first;
  for (; at < n - 1; at++) {
    const size = Math.abs(diagonal[at] ?? 0) + Math.abs(diagonal[at + 1] ?? 0);
    if (Math.abs(below[at] ?? 0) <= Number.EPSILON * size) break;
  }
  return at;
}

function sweepUp(
  diagonal: Float64Array,
  below: Float64Array,
  vectors: Float64Array,
  { first, last, n }: { readonly first: number; readonly last: number; readonly n: number },
): void {
  const start = diagonal[first] ?? 0;
  const step = ((diagonal[first + 1] ?? 0) - start) / (2 * (below[first] ?? 1));
  const turn = Math.hypot(step, 1);
  let g = (diagonal[last] ?? 0) - start + (below[first] ?? 0) / (step + (step < 0 ? -turn : turn));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const across = sine * (below[i] ?? 0);
    const along = cosine * (below[i] ?? 0);
    const radius = Math.hypot(across, g);
    below[i + 1] = radius;
    if (radius === 0) {
      diagonal[i + 1] = (diagonal[i + 1] ?? 0) - shift;
      below[last] = 0;
      return;
    }
    sine = across / radius;
    cosine = g / radius;
    const upper = (diagonal[i + 1] ?? 0) - shift;
    const moved = ((diagonal[i] ?? 0) - upper) * sine + 2 * cosine * along;
    shift = sine * moved;
    diagonal[i + 1] = upper + shift;
    g = cosine * moved - along;
    rotateRows(vectors, i * n, n, sine, cosine);
  }
  diagonal[first] = (diagonal[first] ?? 0) - shift;
  below[first] = g;
  below[last] = 0;
}

/** Turns the row at `from` and the one after it. */
function rotateRows(
  rows: Float64Array,
  from: number,
  n: number,
  sine: number,
  cosine: number,
): void {
  const next = from + n;
  for (let k = 0; k < n; k++) {
    const a = rows[from + k] ?? 0;
    const b = rows[next + k] ?? 0;
    rows[next + k] = sine * a + cosine * b;
    rows[from + k] = cosine * a - sine * b;
  }
}
