import type { DashboardState } from '../../protocol/viewApi';
import { nextSteps } from '../../report/compressNext';
import { sensitivityView } from '../../report/sensitivity/view';
import type { Choices } from '../../report/table';
import type { OpenModel } from '../models/openModel';
import type { RecipeStore } from '../recipes/store';

type Shown = Pick<DashboardState, 'sensitivity' | 'next'>;
type Basis = readonly [unknown, unknown, Choices, boolean];

/** What was made of a sweep, and what it stood on: the same for as long as nothing of that changes. */
const kept = new WeakMap<object, { readonly basis: Basis; readonly shown: Shown }>();

/** What the dashboard of a model shows of its layers' sensitivity, and what to compress next. Steps for another content are not offered. */
export function sensitivityState(model: OpenModel, recipes: RecipeStore): Shown {
  const { sensitivity, isSensitivityStale: stale, inspection, profile } = model;
  if (!sensitivity) return {};
  const { choices } = recipes.of(model);
  const basis: Basis = [inspection, profile, choices, stale];
  const known = kept.get(sensitivity);
  if (known?.basis.every((each, at) => each === basis[at])) return known.shown;
  const next =
    inspection && !stale ? nextSteps(sensitivity, inspection, profile, choices) : undefined;
  const shown: Shown = {
    sensitivity: { ...sensitivityView(sensitivity, inspection), ...(stale ? { stale } : {}) },
    ...(next ? { next } : {}),
  };
  kept.set(sensitivity, { basis, shown });
  return shown;
}
