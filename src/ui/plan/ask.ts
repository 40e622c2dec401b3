import * as vscode from 'vscode';
import { formatBytes, formatMs } from '../../base/format';
import type { PlanLimit } from '../../protocol/plan';
import type { SensitivityOptions } from '../../protocol/sensitivity';
import type { OpenModel } from '../models/openModel';
import { chooseOne, type Entry } from '../quickInput';
import { parseLimit } from './limits';

type Kind = PlanLimit['kind'];

/** What a plan is asked for. */
export interface PlanAsked {
  readonly limit: PlanLimit;
  /** What damage is measured by; what suits the model's output where it is left out. */
  readonly metric?: string;
}

type Metrics = SensitivityOptions['metrics'];

/**
 * Asks for the one limit of a plan: what must be kept, by what it is measured and how much of it. `metrics` gives what damage may be
 * measured by. Undefined where the user thought better of it.
 */
export async function askLimit(
  model: OpenModel,
  metrics: () => Promise<Metrics>,
): Promise<PlanAsked | undefined> {
  const title = vscode.l10n.t('Plan Recipe for {0}', model.name);
  for (;;) {
    const kind = await askKind(model, title);
    if (!kind) return undefined;
    const metric = kind === 'damage' ? await askMetric(await metrics(), title) : usual;
    const limit = metric && (await askValue(model, kind, title, metric));
    if (limit) return { limit, ...(metric.name === undefined ? {} : { metric: metric.name }) };
  }
}

interface MetricChoice {
  /** Undefined for what suits the output. */
  readonly name: string | undefined;
  /** Its title and unit. */
  readonly about: string | undefined;
}

const usual: MetricChoice = { name: undefined, about: undefined };

function askMetric(metrics: Metrics, title: string): Promise<MetricChoice | undefined> {
  const needs = {
    classes: vscode.l10n.t('for scores of classes'),
    values: vscode.l10n.t('for any output'),
    labels: vscode.l10n.t('needs labels in the data'),
    tokens: vscode.l10n.t('for language models'),
  };
  const entries: Entry<MetricChoice>[] = [
    { label: vscode.l10n.t('What suits the model’s output'), value: usual },
    ...metrics.map((metric) => ({
      label: metric.title,
      description: needs[metric.needs],
      value: { name: metric.name, about: `${metric.title}, ${metric.unit}` },
    })),
  ];
  return chooseOne({ title, placeholder: vscode.l10n.t('What damage is measured by'), entries });
}

function askKind(model: OpenModel, title: string): Promise<Kind | undefined> {
  const entries: Entry<Kind>[] = [
    {
      label: vscode.l10n.t('Size of the file'),
      description: vscode.l10n.t('now {0}', formatBytes(bytesOf(model))),
      detail: vscode.l10n.t('The most faithful model that is no larger.'),
      value: 'size',
    },
    {
      label: vscode.l10n.t('Latency'),
      description: nowText(model),
      detail: vscode.l10n.t('The most faithful model that is no slower, at the sizes set here.'),
      value: 'latency',
    },
    {
      label: vscode.l10n.t('Speed'),
      description: vscode.l10n.t('now {0}', '1x'),
      detail: vscode.l10n.t('The most faithful model that runs so many times as fast.'),
      value: 'speed',
    },
    {
      label: vscode.l10n.t('Damage'),
      description: vscode.l10n.t('now {0}', '0'),
      detail: vscode.l10n.t('The smallest model whose answers differ no more.'),
      value: 'damage',
    },
  ];
  return chooseOne({ title, placeholder: vscode.l10n.t('What must be kept?'), entries });
}

async function askValue(model: OpenModel, kind: Kind, title: string, { about }: MetricChoice) {
  const whole = bytesOf(model);
  const { prompt, value } = wordsOf(kind, model, about);
  const text = await vscode.window.showInputBox({
    ...{ title, prompt, value, ignoreFocusOut: true },
    validateInput: (typed) =>
      parseLimit(kind, typed, whole) ? undefined : vscode.l10n.t('This is no limit: {0}', prompt),
  });
  return text === undefined ? undefined : parseLimit(kind, text, whole);
}

/** What is asked, and an answer that most people can start from. */
function wordsOf(
  kind: Kind,
  { profile }: OpenModel,
  metric: string | undefined,
): { prompt: string; value: string } {
  const latency = profile?.measured.latencyMs.median;
  return {
    size: { prompt: vscode.l10n.t('At most so large, such as 25 MB or 22 %'), value: '25 %' },
    latency: {
      prompt: vscode.l10n.t('At most so long for a run, such as 5 ms'),
      value: latency === undefined ? '' : formatMs(latency / 2),
    },
    speed: { prompt: vscode.l10n.t('At least so many times as fast, such as 2x'), value: '2x' },
    damage: {
      prompt:
        metric === undefined
          ? vscode.l10n.t('At most so much by the model’s metric, such as 0.01 (KL divergence)')
          : vscode.l10n.t('At most so much: {0}', metric),
      value: '0.01',
    },
  }[kind];
}

function nowText({ profile }: OpenModel): string {
  if (!profile) return vscode.l10n.t('not measured yet');
  return vscode.l10n.t('now {0}', formatMs(profile.measured.latencyMs.median));
}

/** Of the model's file and its external data. */
function bytesOf({ inspection }: OpenModel): number {
  const { bytes = 0, externalData = [] } = inspection?.model ?? {};
  return externalData.reduce((sum, file) => sum + (file.bytes ?? 0), bytes);
}
