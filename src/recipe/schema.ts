import { partNames, roles } from '../base/terms';
import type { ActionFacts } from '../protocol/build';
import type { ParamSpec } from '../protocol/params';
import { recipeVersion } from './parse';

type Schema = Readonly<Record<string, unknown>>;

/** The JSON schema of recipes, from the same facts that forms and checks come from: completion and hovers in any editor. */
export function recipeSchema(actions: readonly ActionFacts[]): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Featherweight recipe',
    description:
      'What is done to an ONNX model, step by step. It never changes the model: building it writes a new one.',
    ...object(
      {
        $schema: { type: 'string' },
        version: { const: recipeVersion, description: 'Of this format.' },
        model: object(
          {
            file: text('The model, from this recipe’s folder.'),
            sha256: {
              ...text(
                'Of the model’s own file: the recipe is not applied to another without asking.',
              ),
              pattern: '^[0-9a-fA-F]{64}$',
            },
          },
          ['file'],
        ),
        data: object({
          calibration: text(
            'Samples to choose ranges and rounding by: a file or folder, from here.',
          ),
          evaluation: text('Samples to compare the result with the original on.'),
          label: text(
            'What holds the labels, where it is not called label, labels, target, targets or y.',
          ),
          samples: {
            type: 'integer',
            minimum: 1,
            description: 'At most so many samples of the calibration data, the first ones.',
          },
          seed: {
            type: 'integer',
            minimum: 0,
            description: 'Draws these samples with this seed instead of taking the first ones.',
          },
        }),
        steps: {
          type: 'array',
          description: 'Made in this order, each on what the one before left.',
          items: step(actions),
        },
        measured: {
          type: 'object',
          description:
            'What was measured of the last build. Featherweight writes it and never reads it.',
        },
      },
      ['version', 'model', 'steps'],
    ),
    default: { version: recipeVersion, model: { file: '' }, steps: [] },
  };
}

function step(actions: readonly ActionFacts[]): Schema {
  const names = actions.map(({ name }) => name);
  return {
    ...object(
      {
        action: {
          enum: names,
          description: 'What to do.',
          enumDescriptions: actions.map(actionHelp),
          markdownEnumDescriptions: actions.map(actionHelp),
        },
        targets: {
          ...object({ ...selectorFields, except: except }),
          description:
            'Which layers: all of what is given must hold. {} means every layer that the action fits.',
          default: {},
        },
        params: {
          type: 'object',
          description: 'Parameters of the action; those left out are as usual.',
        },
        note: text('For people: why this step is here.'),
      },
      ['action', 'targets'],
    ),
    allOf: actions.map(({ name, params }) => ({
      if: { properties: { action: { const: name } }, required: ['action'] },
      then: {
        properties: { params: object(Object.fromEntries(Object.entries(params).map(param))) },
      },
    })),
    defaultSnippets: actions.map(({ name, title, about }) => ({
      label: title,
      description: about,
      body: { action: name, targets: {} },
    })),
  };
}

function actionHelp({ title, about, speedNote, data }: ActionFacts): string {
  const needs = data === 'needed' ? 'It needs calibration data.' : '';
  return [`${title}: ${about}`, speedNote ?? '', needs].filter(Boolean).join(' ');
}

function param([name, spec]: readonly [string, ParamSpec]): [string, Schema] {
  const { title, help } = spec;
  const common = { title, description: `${title}. ${help}`, default: spec.default };
  switch (spec.kind) {
    case 'choice': {
      const meanings = Object.values(spec.options);
      return [name, { ...common, enum: Object.keys(spec.options), enumDescriptions: meanings }];
    }
    case 'boolean':
      return [name, { ...common, type: 'boolean' }];
    case 'integer':
    case 'number':
      return [name, { ...common, type: spec.kind, minimum: spec.min, maximum: spec.max }];
  }
}

const selectorFields = {
  layers: { ...list(named()), description: 'Layers by name.' },
  parts: { ...list({ enum: partNames }), description: 'What the layers belong to.' },
  roles: { ...list({ enum: roles }), description: 'What the layers do there.' },
  blocks: {
    ...list({ type: 'integer', minimum: 0 }),
    description: 'Blocks that repeat, counted from 0.',
  },
  modules: {
    ...list(named()),
    description: 'Dotted module paths, * for any stretch: encoder.*.query',
  },
  ops: { ...list(named()), description: 'Operators: MatMul, Conv …' },
};

const except = {
  ...list(object(selectorFields)),
  description: 'Layers that any of these describe are left out.',
};

function object(properties: Schema, required: readonly string[] = []): Schema {
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
  };
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

function named(): Schema {
  return { type: 'string', minLength: 1 };
}

function text(description: string): Schema {
  return { ...named(), description };
}
