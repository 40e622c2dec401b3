import { getNodeValue } from 'jsonc-parser';
import { partNames, roles } from '../base/terms';
import { quoted } from '../base/quote';
import type { ActionFacts } from '../protocol/build';
import { readParams } from '../protocol/params';
import type { Selector, Step, Targets } from '../protocol/recipe';
import {
  complain,
  fieldsOf,
  type Field,
  given,
  listOf,
  oneOf,
  onlyKnown,
  type Place,
  placeOf,
  type Spot,
  textOf,
  wholeOf,
} from './spots';

/** Where the things of a step stand: for lenses, hovers, completions and marks. */
export interface StepPlace extends Place {
  readonly action?: NamedPlace;
  readonly targets?: Place;
  /** The names in the list of layers that it changes, not those that it leaves out. */
  readonly layers: readonly NamedPlace[];
  readonly except: readonly NamedPlace[];
  /** Of the values. */
  readonly params: readonly NamedPlace[];
}

/** Of a text: with its quotes. */
export interface NamedPlace extends Place {
  readonly name: string;
}

/** The fields of a selector, with what each must hold. */
const selectorFields = {
  layers: (spot: Spot) => listOf(spot, 'layers', (item) => textOf(item, 'A layer')),
  parts: (spot: Spot) => listOf(spot, 'parts', (item) => oneOf(item, 'A part', partNames)),
  roles: (spot: Spot) => listOf(spot, 'roles', (item) => oneOf(item, 'A role', roles)),
  blocks: (spot: Spot) => listOf(spot, 'blocks', (item) => wholeOf(item, 'A block', 0)),
  modules: (spot: Spot) => listOf(spot, 'modules', (item) => textOf(item, 'A module path')),
  ops: (spot: Spot) => listOf(spot, 'ops', (item) => textOf(item, 'An operator')),
} as const;
const selectorNames = Object.keys(selectorFields) as readonly (keyof typeof selectorFields)[];

export const stepFields = ['action', 'targets', 'params', 'note'];

/** One step, and complaints of everything in it that cannot be applied. */
export function readStep(
  spot: Spot,
  actions: readonly ActionFacts[],
): { step: Step | undefined; place: StepPlace } {
  const fields = fieldsOf(spot, 'A step') ?? new Map<string, Field>();
  onlyKnown(fields, stepFields, 'A step');
  const actionSpot = required(spot, fields, 'action', 'what to do');
  const targetsSpot = required(spot, fields, 'targets', 'which layers; {} means all that it fits');
  const facts = actionSpot && readAction(actionSpot, actions);
  const targets = targetsSpot && readTargets(targetsSpot);
  const paramsSpot = fields.get('params')?.value;
  const params = paramsSpot && readParameters(paramsSpot, facts);
  const noteSpot = fields.get('note')?.value;
  const note = noteSpot && textOf(noteSpot, 'note');
  return {
    step: facts && targets && { action: facts.name, targets, ...given({ params, note }) },
    place: {
      ...placeOf(spot.node),
      ...(actionSpot ? { action: named(actionSpot) } : {}),
      ...(targetsSpot ? { targets: placeOf(targetsSpot.node) } : {}),
      layers: targetsSpot ? layerPlaces(targetsSpot) : [],
      except: targetsSpot ? exceptPlaces(targetsSpot) : [],
      params: paramsSpot ? paramPlaces(paramsSpot) : [],
    },
  };
}

function required(
  spot: Spot,
  fields: ReadonlyMap<string, Field>,
  name: string,
  what: string,
): Spot | undefined {
  const field = fields.get(name);
  if (!field && spot.node.type === 'object') complain(spot, `A step must have “${name}”: ${what}.`);
  return field?.value;
}

function readAction(spot: Spot, actions: readonly ActionFacts[]): ActionFacts | undefined {
  const found = actions.find((facts) => facts.name === spot.node.value);
  if (found) return found;
  const known = actions.map((facts) => facts.name).join(', ');
  const name = textOf(spot, 'action');
  if (name !== undefined) {
    complain(spot, `This version has no action ${quoted(name)}. It has: ${known}.`);
  }
  return undefined;
}

function readParameters(
  spot: Spot,
  facts: ActionFacts | undefined,
): Record<string, unknown> | undefined {
  const fields = fieldsOf(spot, 'params');
  if (!fields) return undefined;
  const values = Object.fromEntries(
    [...fields].map(([name, { value }]) => [name, getNodeValue(value.node) as unknown]),
  );
  const { problems } = readParams(facts?.params ?? {}, values);
  for (const { name, message } of facts ? problems : []) {
    const field = fields.get(name);
    const unknown = !Object.hasOwn(facts?.params ?? {}, name);
    complain((unknown ? field?.key : field?.value) ?? spot, message);
  }
  return values;
}

function readTargets(spot: Spot): Targets | undefined {
  const fields = fieldsOf(spot, 'targets');
  if (!fields) return undefined;
  onlyKnown(fields, [...selectorNames, 'except'], 'targets');
  const exceptSpot = fields.get('except')?.value;
  const except = exceptSpot && listOf(exceptSpot, 'except', readException);
  return { ...readSelector(fields), ...given({ except }) };
}

function readException(spot: Spot): Selector | undefined {
  const fields = fieldsOf(spot, 'An exception');
  if (!fields) return undefined;
  onlyKnown(fields, selectorNames, 'An exception');
  if (fields.size === 0) complain(spot, 'An empty exception leaves every layer out.', 'warning');
  return readSelector(fields);
}

function readSelector(fields: ReadonlyMap<string, Field>): Selector {
  return given(
    Object.fromEntries(
      selectorNames.flatMap((name) => {
        const field = fields.get(name);
        if (!field) return [];
        const list = selectorFields[name](field.value);
        if (field.value.node.children?.length === 0) {
          complain(field.value, 'An empty list means no layer.', 'warning');
        }
        return [[name, list]];
      }),
    ),
  ) as Selector;
}

/** Places are told of documents with mistakes too, without complaining a second time. */
function layerPlaces(spot: Spot): readonly NamedPlace[] {
  const fields = fieldsOf(quiet(spot), '');
  const layers = fields?.get('layers')?.value;
  return layers ? (listOf(layers, '', named) ?? []) : [];
}

function exceptPlaces(spot: Spot): readonly NamedPlace[] {
  const except = fieldsOf(quiet(spot), '')?.get('except')?.value;
  return except ? (listOf(except, '', layerPlaces) ?? []).flat() : [];
}

function paramPlaces(spot: Spot): readonly NamedPlace[] {
  const fields = fieldsOf(quiet(spot), '') ?? new Map<string, Field>();
  return [...fields].map(([name, { value }]) => ({ name, ...placeOf(value.node) }));
}

function named({ node }: Spot): NamedPlace {
  return { name: String(node.value), ...placeOf(node) };
}

function quiet(spot: Spot): Spot {
  return { ...spot, problems: [] };
}
