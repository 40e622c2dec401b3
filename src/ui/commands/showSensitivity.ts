import * as vscode from 'vscode';
import { formatSmall } from '../../base/format';
import type { Sensitivity } from '../../protocol/sensitivity';
import { standsOn } from '../../report/sensitivity/view';
import { shortMetric, type Finding } from '../../report/sensitivity/verdict';
import type { ChosenLayers } from '../layerArgument';
import { savingText } from '../quantize/estimate';
import { addStep } from '../quantize/quantize';
import { chooseOne, separator, type Entry } from '../quickInput';
import { currentSweep, findingsFor, verdictText } from '../sensitivity/verdict';
import type { Services } from '../services';
import { onLayers } from './layers';
import { askSensitivity } from './sensitivity';
import { openDashboard } from './target';

type Answer =
  | { readonly kind: 'step'; readonly finding: Finding }
  | { readonly kind: 'dashboard' }
  | { readonly kind: 'measure' };

/** Lists what every probe did to a layer: one that a step stands for adds it to the recipe. Measures where nothing was measured yet. */
export const showSensitivityCommand = onLayers(async (services, chosen) => {
  const { model, layers } = chosen;
  const sensitivity = currentSweep(model);
  const [layer] = layers.filter((id) => findingsFor(model, id).length > 0);
  if (!sensitivity || layer === undefined) return askSensitivity(services, model, layers);
  const entries = entriesFor(findingsFor(model, layer), sensitivity);
  const answer = await chooseOne<Answer>({
    title: vscode.l10n.t('Sensitivity of {0}', nameOf(chosen, layer)),
    placeholder: standsOn(sensitivity),
    entries,
    active: entries.find(({ value }) => value !== undefined),
  });
  if (answer) await follow(services, { model, layers: [layer] }, answer);
});

async function follow(services: Services, chosen: ChosenLayers, answer: Answer): Promise<void> {
  const { model, layers } = chosen;
  if (answer.kind === 'measure') return askSensitivity(services, model, layers);
  if (answer.kind === 'dashboard') {
    services.selection.set(model, layers, 'command');
    await openDashboard(services, model.uri);
    return;
  }
  const { step } = answer.finding.probe;
  if (step) await addStep(services, { model, layers, groups: ['quantize', 'study'] }, step);
}

function entriesFor(findings: readonly Finding[], sensitivity: Sensitivity): Entry<Answer>[] {
  return [
    ...findings.map((finding) => findingEntry(finding, sensitivity)),
    separator(''),
    {
      label: vscode.l10n.t('Show in the heatmap'),
      iconPath: new vscode.ThemeIcon('dashboard'),
      value: { kind: 'dashboard' },
    },
    {
      label: vscode.l10n.t('Measure this layer…'),
      iconPath: new vscode.ThemeIcon('beaker'),
      value: { kind: 'measure' },
    },
  ];
}

const icons = {
  safe: '$(pass)',
  open: '$(question)',
  unsafe: '$(warning)',
  unknown: '$(circle-outline)',
} satisfies Record<Finding['verdict'], string>;

function findingEntry(finding: Finding, { metric }: Sensitivity): Entry<Answer> {
  const { probe, row, verdict } = finding;
  const spread = `${formatSmall(row.low)} – ${formatSmall(row.high)}`;
  const said = [
    `${shortMetric(metric)} ${formatSmall(row.damage)} (${spread})`,
    verdictText(verdict),
    ...(row.bytes ? [savingText(row.bytes)] : []),
  ];
  const isStep = probe.step !== null && row.bytes !== null;
  const none = vscode.l10n.t('Measured only: no step of a recipe does this here.');
  return {
    label: `${icons[verdict]} ${probe.title}`,
    description: said.filter(Boolean).join(' · '),
    detail: isStep ? vscode.l10n.t('Add this step to the recipe') : none,
    ...(isStep ? { value: { kind: 'step', finding } } : { refused: none }),
  };
}

function nameOf({ model }: ChosenLayers, layer: string): string {
  return model.inspection?.layers.find(({ id }) => id === layer)?.name ?? layer;
}
