import type { Workbench } from '../actions/action';
import { type ActionName, actionOf, isActionName } from '../actions/index';
import { UserError } from '../base/errors';
import type { ProbeFacts } from '../protocol/sensitivity';
import type { ParamSpec } from '../protocol/params';
import type { Change } from '../sensitivity/sweep';
import type { Layer } from '../structure/structure';
import { editsAlone } from './alone';
import { readStep } from './apply';

/** Parameters that share something out among many layers: asked about one layer, there is nothing to share. */
const alone: Partial<Record<ActionName, Readonly<Record<string, unknown>>>> = {
  weightOnly: { keep: 0 },
};

/** Whether a probe's text begins with the name of an action: `int8Dynamic`, `weightOnly:bits=4,block=64`. */
export function isActionProbe(text: string): boolean {
  return isActionName(actionIn(text));
}

const actionIn = (text: string) => text.split(':', 1)[0] ?? '';

/**
 * An action with parameters as a probe: `ACTION` or `ACTION:PARAMETER=VALUE,…`. Its name leaves out what is as usual, so that two ways of
 * writing one question have one name. Throws `badInput` for an action that is not there or changes the model as a whole, and for
 * parameters that do not fit.
 */
export function actionProbe(text: string, layers: readonly Layer[]): ProbeFacts {
  const action = actionIn(text);
  const usual = isActionName(action) ? (alone[action] ?? {}) : {};
  const given = isActionName(action) ? readGiven(text, actionOf(action).params) : {};
  const { name, params } = readStep({ action, params: { ...usual, ...given }, targets: {} });
  const { title, scope, params: specs } = actionOf(name);
  if (scope === 'model') {
    throw new UserError(
      'badInput',
      `${title} changes the model as a whole: no single layer can be asked about.`,
    );
  }
  const told = Object.entries(specs).filter(
    ([key, spec]) => params[key] !== (usual[key] ?? spec.default),
  );
  const written = told.map(([key]) => `${key}=${String(params[key])}`).join(',');
  const words = told.map(([key, spec]) => `${spec.title.toLowerCase()} ${String(params[key])}`);
  return {
    name: written ? `${name}:${written}` : name,
    title: [title, ...words].join(', '),
    strength: { kind: 'bits', value: bitsOf(name, params, layers) },
    unit: 'layer',
    step: { action: name, params: { ...usual, ...given } },
  };
}

/** `PARAMETER=VALUE,…` behind the colon, as values of the parameters' kinds. */
function readGiven(
  text: string,
  specs: Readonly<Record<string, ParamSpec>>,
): Record<string, unknown> {
  const [, list = ''] = /^[^:]*:(.*)$/.exec(text) ?? [];
  const parts = list.split(',').filter(Boolean);
  return Object.fromEntries(
    parts.map((part) => {
      const [, key = '', value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
      if (!key) {
        throw new UserError(
          'badInput',
          `“${part}” is no parameter of a probe.`,
          'Write them as in weightOnly:bits=4,block=64.',
        );
      }
      return [key, valueOf(value, specs[key])];
    }),
  );
}

/** What does not fit stays text: the parameters' own check says what is wrong with it. */
function valueOf(text: string, spec: ParamSpec | undefined): unknown {
  if (spec?.kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  const isNumber = spec?.kind === 'integer' || spec?.kind === 'number';
  return isNumber && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Bits an element: what the parameters say, else what the layers' weights would take, scales included, to the nearest. */
function bitsOf(
  name: ActionName,
  params: ReturnType<typeof readStep>['params'],
  layers: readonly Layer[],
): number {
  const told = Number(params['bits']);
  if (told > 0) return told;
  const action = actionOf(name);
  let [before, after] = [0, 0];
  for (const layer of layers) {
    if (!action.appliesTo(layer, params).fits) continue;
    const saving = action.estimate(layer, params);
    before += saving.before;
    after += saving.after;
  }
  return before > 0 ? Math.max(1, Math.round((32 * after) / before)) : 32;
}

/** What an action does to each layer by itself, and the layers that it does not fit, with the reason. */
export interface ActionChanges {
  readonly changes: ReadonlyMap<Layer, Change>;
  readonly skipped: readonly { readonly layer: Layer; readonly why: string }[];
}

/**
 * The action's own edits of one layer at a time, as changes named `name`. Throws `badInput` where it needs data and `bench` has none.
 */
export async function actionChanges(
  bench: Workbench,
  layers: readonly Layer[],
  { name, step }: Pick<ProbeFacts, 'name' | 'step'>,
): Promise<ActionChanges> {
  const asked = { action: step?.action ?? name, params: step?.params ?? {} };
  const { action, params } = readStep({ ...asked, targets: {} });
  const fitting = layers.map((layer) => ({ layer, fit: action.appliesTo(layer, params) }));
  const groups = fitting.flatMap(({ layer, fit }) => (fit.fits ? [{ members: [layer] }] : []));
  const editsOf = await editsAlone(bench, groups, asked);
  const changes = groups.flatMap((group) =>
    // Made when they are asked for, and let go: of a large model even the codes of all layers do not fit into memory.
    group.members.map((layer): [Layer, Change] => [
      layer,
      { kind: 'edits', name, edits: () => editsOf(group) },
    ]),
  );
  const skipped = fitting.flatMap(({ layer, fit }) => (fit.fits ? [] : [{ layer, why: fit.why }]));
  return { changes: new Map(changes), skipped };
}
