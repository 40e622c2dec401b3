import * as vscode from 'vscode';
import { tiers, type SensitivityOptions, type Tier } from '../../protocol/sensitivity';
import { shortProbe } from '../../report/sensitivity/verdict';
import { chooseData } from '../commands/data';
import type { OpenModel } from '../models/openModel';
import { chooseOne, chooseSome, separator, type Entry } from '../quickInput';
import type { SweepChoice } from './choice';

export interface SweepForm {
  readonly title: string;
  readonly model: OpenModel;
  readonly choice: SweepChoice;
  /** How many layers are asked about; undefined for all. */
  readonly layers: number | undefined;
  readonly options: SensitivityOptions;
}

type Field = 'tier' | 'probes' | 'metric' | 'data' | 'samples' | 'follow';

/** Shows how a sweep would be made until the user starts it: every line is a choice that can be changed. Undefined for Esc. */
export async function fillSweepForm(form: SweepForm): Promise<SweepChoice | undefined> {
  let { choice } = form;
  let at: Field | undefined;
  for (;;) {
    const entries = entriesOf({ ...form, choice });
    const active = entries.find(({ value }) => at !== undefined && value === at);
    const answer = await chooseOne<Field | 'start'>({
      title: form.title,
      placeholder: vscode.l10n.t('One layer is compressed at a time; the model itself stays'),
      ...{ entries, active },
    });
    if (answer === undefined) return undefined;
    if (answer === 'start') return choice;
    at = answer;
    choice = await changed({ ...form, choice }, answer);
  }
}

async function changed(form: SweepForm, field: Field): Promise<SweepChoice> {
  const { choice, model, title } = form;
  switch (field) {
    case 'tier':
      return { ...choice, tier: (await askTier(title)) ?? choice.tier };
    case 'probes':
      return { ...choice, probes: (await askProbes(form)) ?? choice.probes };
    case 'metric':
      return { ...choice, ...(await askMetric(form)) };
    case 'samples':
      return { ...choice, samples: (await askSamples(form)) ?? choice.samples };
    case 'follow':
      return { ...choice, ...(await askFollowed(form)) };
    case 'data':
      await chooseData(model, vscode.l10n.t('Measure Sensitivity of {0} With…', model.name));
      return choice;
  }
}

const tierWords = () =>
  ({
    hints: {
      title: vscode.l10n.t('Hints'),
      about: vscode.l10n.t('From the weights alone, at once: no measure of damage.'),
    },
    adaptive: {
      title: vscode.l10n.t('Adaptive'),
      about: vscode.l10n.t(
        'Samples are spent where the ranking or the limit is still open: most layers need few.',
      ),
    },
    exact: {
      title: vscode.l10n.t('Exact'),
      about: vscode.l10n.t('Every sample for every layer.'),
    },
  }) satisfies Record<Tier, { title: string; about: string }>;

function entriesOf(form: SweepForm): Entry<Field | 'start'>[] {
  const { choice } = form;
  const words = tierWords()[choice.tier];
  const needsRuns = choice.tier !== 'hints';
  const samples: Entry<Field> = {
    label: vscode.l10n.t('Samples'),
    description: String(choice.samples),
    detail: vscode.l10n.t('More take longer and give narrower intervals.'),
    value: 'samples',
  };
  return [
    {
      label: `$(check) ${vscode.l10n.t('Measure')}`,
      description: summaryOf(form),
      value: 'start',
    },
    separator(vscode.l10n.t('how')),
    {
      label: vscode.l10n.t('How sure'),
      description: words.title,
      detail: words.about,
      value: 'tier',
    },
    {
      label: vscode.l10n.t('Ways of compressing'),
      description: probesOf(form).map(shortProbe).join(', '),
      detail: vscode.l10n.t('Each is tried on every layer.'),
      value: 'probes',
    },
    ...(needsRuns ? [metricEntry(form), dataEntry(form), samples, followEntry(form)] : []),
  ];
}

function metricEntry({ choice, options }: SweepForm): Entry<Field> {
  const metric = options.metrics.find(({ name }) => name === choice.metric);
  return {
    label: vscode.l10n.t('Damage measured by'),
    description: metric?.title ?? vscode.l10n.t('what suits the model’s output'),
    value: 'metric',
  };
}

function dataEntry({ model }: SweepForm): Entry<Field> {
  return {
    label: vscode.l10n.t('Data'),
    description: model.data ?? vscode.l10n.t('none: synthetic inputs'),
    detail: vscode.l10n.t('Inputs like those in use; synthetic ones rank layers less well.'),
    value: 'data',
  };
}

function followEntry({ choice, options }: SweepForm): Entry<Field> {
  const probe = options.probes.find(({ name }) => name === choice.follow);
  return {
    label: vscode.l10n.t('Follow the error'),
    description: probe ? probe.title : vscode.l10n.t('no'),
    detail: vscode.l10n.t('Where it enters, and where it grows or fades on its way to the output.'),
    value: 'follow',
  };
}

/** "38 layers, 4 ways each, 128 samples of dev.npz". */
function summaryOf(form: SweepForm): string {
  const { choice, layers, model } = form;
  const ways = vscode.l10n.t('{0} ways each', probesOf(form).length);
  const which =
    layers === undefined
      ? vscode.l10n.t('all layers')
      : layers === 1
        ? vscode.l10n.t('1 layer')
        : vscode.l10n.t('{0} layers', layers);
  const name = model.data?.split(/[\\/]/).at(-1);
  const inputs =
    name === undefined
      ? vscode.l10n.t('synthetic inputs')
      : vscode.l10n.t('{0} samples of {1}', choice.samples, name);
  return [which, ways, ...(choice.tier === 'hints' ? [] : [inputs])].join(', ');
}

/** The chosen probes that there still are, or the usual ones. */
function probesOf({ choice, options }: SweepForm) {
  const chosen = options.probes.filter(({ name }) => choice.probes.includes(name));
  if (chosen.length > 0) return chosen;
  return options.probes.filter(({ name }) => options.usual.includes(name));
}

function askTier(title: string): Promise<Tier | undefined> {
  const words = tierWords();
  const entries = tiers.map((tier): Entry<Tier> => ({
    label: words[tier].title,
    detail: words[tier].about,
    value: tier,
  }));
  return chooseOne({ title, placeholder: vscode.l10n.t('How sure should it be?'), entries });
}

async function askProbes(form: SweepForm): Promise<readonly string[] | undefined> {
  const picked = new Set(probesOf(form).map(({ name }) => name));
  const entries = form.options.probes.map(({ name, title, unit, step }) => ({
    label: title,
    description: [
      ...(unit === 'layer' ? [] : [unitText(unit)]),
      ...(step ? [] : [vscode.l10n.t('measured only')]),
    ].join(' · '),
    picked: picked.has(name),
    value: name,
  }));
  const chosen = await chooseSome(entries, {
    title: form.title,
    placeholder: vscode.l10n.t('Ways of compressing to try'),
  });
  return chosen && chosen.length > 0 ? chosen : undefined;
}

function unitText(unit: SensitivityOptions['probes'][number]['unit']): string {
  return {
    layer: vscode.l10n.t('layers'),
    block: vscode.l10n.t('whole blocks'),
    head: vscode.l10n.t('heads of attention'),
  }[unit];
}

async function askMetric({ title, options }: SweepForm) {
  const needs = {
    classes: vscode.l10n.t('for scores of classes'),
    values: vscode.l10n.t('for any output'),
    labels: vscode.l10n.t('needs labels in the data'),
    tokens: vscode.l10n.t('for language models'),
  };
  const entries: Entry<{ metric: string | undefined }>[] = [
    { label: vscode.l10n.t('What suits the model’s output'), value: { metric: undefined } },
    ...options.metrics.map((metric) => ({
      label: metric.title,
      description: needs[metric.needs],
      value: { metric: metric.name },
    })),
  ];
  const placeholder = vscode.l10n.t('What damage is measured by');
  return (await chooseOne({ title, placeholder, entries })) ?? {};
}

/** Only the error of a changed weight can be followed. */
async function askFollowed({ title, options, choice }: SweepForm) {
  const followed = options.probes.filter(({ unit }) => unit === 'layer');
  const entries: Entry<{ follow: string | undefined }>[] = [
    { label: vscode.l10n.t('Do not follow it'), value: { follow: undefined } },
    ...followed.map(({ name, title: label }) => ({ label, value: { follow: name } })),
  ];
  const placeholder = vscode.l10n.t('Whose error to follow from layer to layer');
  const active = entries.find(({ value }) => value?.follow === choice.follow);
  return (await chooseOne({ title, placeholder, entries, active })) ?? {};
}

const mostSamples = 1e6;

async function askSamples({ title, choice }: SweepForm): Promise<number | undefined> {
  const isFine = (text: string) => /^[1-9]\d*$/.test(text.trim()) && Number(text) <= mostSamples;
  const answer = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('At most so many samples, the first ones'),
    value: String(choice.samples),
    ignoreFocusOut: true,
    validateInput: (text) =>
      isFine(text) ? undefined : vscode.l10n.t('A whole number from 1 to {0}.', mostSamples),
  });
  return answer === undefined ? undefined : Number(answer);
}
