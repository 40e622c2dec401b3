import * as vscode from 'vscode';
import type { ActionFacts, CheckedStep } from '../../protocol/build';
import { readParams, type ParamSpec } from '../../protocol/params';
import { chooseOne, separator, type Entry } from '../quickInput';
import { savingText } from './estimate';

export type Values = Readonly<Record<string, unknown>>;

export interface FormOptions {
  readonly title: string;
  /** What the button says: "Quantize 3 layers". */
  readonly button: string;
  readonly facts: ActionFacts;
  readonly params: Values;
  /** What a step with these parameters would do to the layers. */
  readonly estimate: (params: Values, signal: AbortSignal) => Promise<CheckedStep | undefined>;
  /** The data it would be calibrated with, if there is any; asked for with `askData`. */
  readonly data: string | undefined;
  readonly askData: () => Promise<string | undefined>;
}

export interface Filled {
  readonly params: Values;
  readonly data: string | undefined;
}

type Answer =
  | { readonly kind: 'apply' }
  | { readonly kind: 'data' }
  | { readonly kind: 'param'; readonly name: string };

/**
 * Shows an action's parameters until the user applies them: every line is a parameter with its value, and choosing one lists what it
 * may be, each with what it would save. Undefined for Esc. Only what differs from the defaults is given back.
 */
export async function fillForm(options: FormOptions): Promise<Filled | undefined> {
  const { facts, title } = options;
  let { params, data } = options;
  let at: string | undefined;
  for (;;) {
    const answer = await chooseOne<Answer>(hub({ ...options, params, data }, at));
    if (!answer) return undefined;
    if (answer.kind === 'data') {
      data = (await options.askData()) ?? data;
      continue;
    }
    if (answer.kind === 'apply') {
      if (facts.data === 'needed') data ??= await options.askData();
      if (facts.data === 'needed' && data === undefined) continue;
      return { params: withoutDefaults(facts, params), data };
    }
    const spec = facts.params[answer.name];
    at = spec?.title;
    const value = spec && (await askValue(title, answer.name, spec, { ...options, params }));
    if (value !== undefined) params = { ...params, [answer.name]: value };
  }
}

/** The values that are not the defaults: a recipe says no more than it must. */
export function withoutDefaults(facts: ActionFacts, params: Values): Values {
  return Object.fromEntries(
    Object.entries(params).filter(([name, value]) => facts.params[name]?.default !== value),
  );
}

function hub(options: FormOptions, at: string | undefined) {
  const { title, facts, params, estimate } = options;
  const entries = hubEntries(options, undefined);
  const active = entries.find(({ label }) => label === at);
  return {
    title,
    placeholder: facts.about,
    entries,
    active,
    later: (show: (entries: readonly Entry<Answer>[]) => void, signal: AbortSignal) =>
      void estimate(params, signal)
        .then((step) => show(hubEntries(options, step)))
        .catch(() => {}),
  };
}

function hubEntries(
  { button, facts, params, data }: FormOptions,
  step: CheckedStep | undefined,
): Entry<Answer>[] {
  const values = readParams(facts.params, params).params as Values;
  const apply: Entry<Answer> = {
    label: `$(check) ${button}`,
    description: step ? outcomeText(step) : '…',
    ...(facts.speedNote ? { detail: facts.speedNote } : {}),
    value: { kind: 'apply' },
  };
  const asked = Object.entries(facts.params).map(([name, spec]): Entry<Answer> => ({
    label: spec.title,
    description: valueText(spec, values[name]),
    detail: spec.help,
    value: { kind: 'param', name },
  }));
  const dataEntry: Entry<Answer> = {
    label: vscode.l10n.t('Calibration data'),
    description: data ?? vscode.l10n.t('none'),
    detail:
      facts.data === 'needed'
        ? vscode.l10n.t('Inputs like those in use: the model is run on them to find its ranges.')
        : vscode.l10n.t('Without any it is done from the weights alone.'),
    value: { kind: 'data' },
  };
  return [
    apply,
    ...(asked.length > 0 ? [separator(vscode.l10n.t('parameters')), ...asked] : []),
    ...(facts.data === 'none' ? [] : [separator(vscode.l10n.t('data')), dataEntry]),
  ];
}

function outcomeText({ before, after, problem, layers }: CheckedStep): string {
  if (problem !== null) return problem;
  return layers.length === 0 ? vscode.l10n.t('fits no layer') : savingText({ before, after });
}

/** A value as people say it. */
function valueText(spec: ParamSpec, value: unknown): string {
  if (spec.kind === 'boolean') return value === true ? vscode.l10n.t('yes') : vscode.l10n.t('no');
  return spec.kind === 'choice' ? (spec.options[String(value)] ?? String(value)) : String(value);
}

async function askValue(
  title: string,
  name: string,
  spec: ParamSpec,
  options: FormOptions,
): Promise<unknown> {
  if (spec.kind === 'integer' || spec.kind === 'number') {
    return askNumber(title, name, spec, options);
  }
  const values: readonly unknown[] =
    spec.kind === 'choice' ? Object.keys(spec.options) : [true, false];
  const current = readParams(options.facts.params, options.params).params[name];
  const entries = values.map((value): Entry<{ value: unknown }> => ({
    label: valueText(spec, value),
    description: value === spec.default ? vscode.l10n.t('usual') : '',
    value: { value },
  }));
  const chosen = await chooseOne({
    title: `${title} · ${spec.title}`,
    placeholder: spec.help,
    entries,
    active: entries[values.indexOf(current)],
    later: (show, signal) => void estimateEach(entries, name, options, show, signal),
  });
  return chosen?.value;
}

/** Says beside every value what it would save, one after the other. */
async function estimateEach(
  entries: readonly Entry<{ value: unknown }>[],
  name: string,
  { params, estimate }: FormOptions,
  show: (entries: readonly Entry<{ value: unknown }>[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = [...entries];
  for (const [at, entry] of entries.entries()) {
    const step = await estimate({ ...params, [name]: entry.value?.value }, signal).catch(
      () => undefined,
    );
    if (signal.aborted) return;
    if (!step) continue;
    const said = [outcomeText(step), entry.description].filter(Boolean);
    told[at] = { ...entry, description: said.join(' · ') };
    show([...told]);
  }
}

async function askNumber(
  title: string,
  name: string,
  spec: ParamSpec & { kind: 'integer' | 'number' },
  { facts, params, estimate }: FormOptions,
): Promise<number | undefined> {
  const problemWith = (text: string) =>
    readParams({ [name]: spec }, { [name]: text.trim() === '' ? Number.NaN : Number(text) })
      .problems[0]?.message;
  const answer = await vscode.window.showInputBox({
    title: `${title} · ${spec.title}`,
    prompt: `${spec.help} ${vscode.l10n.t('From {0} to {1}; usual is {2}.', spec.min, spec.max, spec.default)}`,
    value: String(readParams(facts.params, params).params[name]),
    ignoreFocusOut: true,
    async validateInput(text) {
      const problem = problemWith(text);
      if (problem) return problem;
      const given = { ...params, [name]: Number(text) };
      const step = await estimate(given, new AbortController().signal).catch(() => undefined);
      return (
        step && { message: outcomeText(step), severity: vscode.InputBoxValidationSeverity.Info }
      );
    },
  });
  return answer === undefined ? undefined : Number(answer);
}
