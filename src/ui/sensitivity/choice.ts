import type * as vscode from 'vscode';
import { tiers, type Tier } from '../../protocol/sensitivity';

/** How a sweep is made, besides the data, which belongs to the model. */
export interface SweepChoice {
  readonly tier: Tier;
  /** Names; the engine's usual ones where it is empty. */
  readonly probes: readonly string[];
  /** Chosen by the kind of output where it is undefined. */
  readonly metric: string | undefined;
  readonly samples: number;
  /** Name of the probe whose error is followed through the model; none where it is undefined. */
  readonly follow: string | undefined;
}

/** 128 samples are enough to rank the layers of a model by, at the cost of minutes at most for models of a few hundred megabytes. */
const usualChoice: SweepChoice = {
  tier: 'exact',
  probes: [],
  metric: undefined,
  samples: 128,
  follow: undefined,
};

const stateKey = 'sensitivity choice';

/** What was chosen last in this workspace. */
export function lastChoice(state: vscode.Memento): SweepChoice {
  const { tier, probes, metric, samples, follow } = state.get<Partial<SweepChoice>>(stateKey, {});
  return {
    tier: tiers.find((known) => known === tier) ?? usualChoice.tier,
    probes: Array.isArray(probes) ? (probes as string[]) : usualChoice.probes,
    metric: typeof metric === 'string' ? metric : undefined,
    samples: Number.isInteger(samples) ? (samples as number) : usualChoice.samples,
    follow: typeof follow === 'string' ? follow : undefined,
  };
}

export function rememberChoice(state: vscode.Memento, choice: SweepChoice): void {
  void state.update(stateKey, choice);
}
