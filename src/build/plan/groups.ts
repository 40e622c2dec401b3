import type { Saving } from '../../actions/action';
import type { SweepLayer } from '../../sensitivity/sweep';
import type { Candidates } from '../../sensitivity/candidates';
import type { Layer } from '../../structure/structure';
import { readStep } from '../apply';
import { type PlanChoiceName, planChoiceOf } from './choices';

/** Layers that share one stored weight: whatever is chosen is made of all of them, or the weight would be stored twice. */
export interface PlanGroup extends SweepLayer {
  /** The first layer and all that share its weight. */
  readonly members: readonly Layer[];
  /** No sample's answer depends on it: that nothing is lost says nothing of it. */
  readonly isUnmeasured?: boolean;
}

/** The layers that a plan decides on, those that share a weight together, also where a file stores it once more, transposed. */
export function planGroups({ layers, skipped }: Candidates): readonly PlanGroup[] {
  const known = new Set(layers.map(({ layer }) => layer.id));
  const isPartner = ({ tiedTo }: Layer) => tiedTo !== undefined && known.has(tiedTo);
  const partners = [...layers, ...skipped].map(({ layer }) => layer).filter(isPartner);
  return layers
    .filter(({ layer }) => !isPartner(layer))
    .map((each) => ({
      ...each,
      members: [each.layer, ...partners.filter(({ tiedTo }) => tiedTo === each.layer.id)],
    }));
}

/** Whether the choice can be made of every layer of the group. */
export function fitsGroup({ members }: PlanGroup, choice: PlanChoiceName): boolean {
  const { step } = planChoiceOf(choice);
  if (!step) return true;
  const { action, params } = readStep({ ...step, targets: {} });
  return members.every((layer) => action.appliesTo(layer, params).fits);
}

/** Bytes of the group's weights, now and under the choice. */
export function savingOf({ members }: PlanGroup, choice: PlanChoiceName): Saving {
  const { step } = planChoiceOf(choice);
  const { action, params } = readStep({ ...(step ?? bare), targets: {} });
  const savings = members.map((layer) => action.estimate(layer, params));
  const sum = (of: (saving: Saving) => number) => savings.reduce((all, each) => all + of(each), 0);
  const before = sum((saving) => saving.before);
  return { before, after: step ? sum((saving) => saving.after) : before };
}

/** Any action tells what a layer takes now. */
const bare = { action: 'halfStorage' } as const;
