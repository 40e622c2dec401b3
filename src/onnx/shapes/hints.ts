import type { Dim, ValueInfo } from '../model';
import type { Scope } from '../graph';
import { sizeOfSymbol } from './expression';
import type { Fact } from './fact';
import type { Shape } from './dims';
import type { DimensionSizes } from './shapes';

/**
 * What exporters recorded about values. It may be missing, wrong, or left from other sizes than the ones asked for, so it only fills
 * what inference leaves open, and its numbers are dropped as soon as one of them is seen to be stale.
 */
export interface Hints {
  of(scope: Scope, name: string): Fact | undefined;
}

/** A dimension as the model writes it, with sizes put in; sizes below zero are a way to say "any". */
export function sizedDim(dim: Dim, sizes: DimensionSizes): Dim {
  if (typeof dim === 'string') return dim === '' ? null : (sizeOfSymbol(dim, sizes) ?? dim);
  return dim !== null && dim < 0 ? null : dim;
}

/** The type a model declares, or undefined for one that is no tensor. */
export function declaredFact(info: ValueInfo, sizes: DimensionSizes): Fact | undefined {
  const type = info.type;
  if (type?.kind !== 'tensor') return undefined;
  return { dtype: type.dtype, shape: type.shape?.map((dim) => sizedDim(dim, sizes)) };
}

/** The recorded types of all values and outputs; without `numbers` only their element types, ranks and symbols. */
export function hintsOf(scopes: readonly Scope[], sizes: DimensionSizes, numbers: boolean): Hints {
  const byScope = new Map<Scope, ReadonlyMap<string, ValueInfo>>();
  for (const scope of scopes) {
    const { values, outputs } = scope.graph;
    byScope.set(scope, new Map([...values, ...outputs].map((info) => [info.name, info])));
  }
  return {
    of(scope, name) {
      const info = byScope.get(scope)?.get(name);
      const fact = info && declaredFact(info, sizes);
      if (!fact || numbers) return fact;
      return {
        dtype: fact.dtype,
        shape: fact.shape?.map((dim) => (typeof dim === 'number' ? null : dim)),
      };
    },
  };
}

/** `known` with what the hint adds; `stale` where the hint says something else. */
export function refine(
  known: Fact | undefined,
  hint: Fact | undefined,
): Fact | undefined | 'stale' {
  if (!hint) return known;
  if (!known) return hint;
  if (known.dtype !== hint.dtype) return 'stale';
  if (!known.shape) return { ...known, shape: hint.shape };
  if (!hint.shape) return known;
  if (known.shape.length !== hint.shape.length) return 'stale';
  const dims = refineDims(known.shape, hint.shape);
  return dims === 'stale' ? dims : dims === known.shape ? known : { ...known, shape: dims };
}

function refineDims(known: Shape, hint: Shape): Shape | 'stale' {
  let changed = false;
  const dims: Dim[] = [];
  for (const [i, dim] of known.entries()) {
    const other = hint[i] ?? null;
    if (typeof dim === 'number') {
      if (typeof other === 'number' && other !== dim) return 'stale';
      dims.push(dim);
    } else {
      const better = typeof other === 'number' ? other : (dim ?? other);
      changed ||= better !== dim;
      dims.push(better);
    }
  }
  return changed ? dims : known;
}
