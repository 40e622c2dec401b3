import {
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { ActionFacts } from '../protocol/build';
import type { Recipe, RecipeData } from '../protocol/recipe';
import { readMeasured } from './measured';
import {
  complain,
  fieldsOf,
  type Field,
  given,
  listOf,
  onlyKnown,
  type Place,
  placeOf,
  type RecipeProblem,
  type Spot,
  textOf,
  wholeOf,
} from './spots';
import { readStep, type StepPlace } from './steps';

/** Where the things of a recipe stand in its text, as far as they are there. */
export interface RecipePlaces {
  readonly model?: Place;
  readonly sha256?: Place;
  readonly data?: Place;
  readonly calibration?: Place;
  readonly evaluation?: Place;
  readonly measured?: Place;
  readonly list?: Place;
  /** In the order of the text, also those with mistakes. */
  readonly steps: readonly StepPlace[];
}

export interface ParsedRecipe {
  /** Undefined where there is any error: nothing is half applied. */
  readonly recipe: Recipe | undefined;
  readonly problems: readonly RecipeProblem[];
  readonly places: RecipePlaces;
}

/** The version of the format that this reads and writes. */
export const recipeVersion = 1;
/** In the order in which they are written. */
export const rootFields = ['$schema', 'version', 'model', 'data', 'steps', 'measured'];
export const dataFields = ['calibration', 'evaluation', 'label', 'samples', 'seed'];

/** Reads a recipe's text, with everything that is wrong with it and where. Never throws. */
export function parseRecipe(text: string, actions: readonly ActionFacts[]): ParsedRecipe {
  const problems: RecipeProblem[] = [];
  const node = treeOf(text, problems);
  if (!node) {
    return { recipe: undefined, problems, places: { steps: [] } };
  }
  const { recipe, places } = readRoot({ node, path: [], problems }, actions);
  const sound = !problems.some(({ severity }) => severity === 'error');
  return { recipe: sound ? recipe : undefined, problems, places };
}

/** The model's file as a text names it, which need not be a recipe yet. */
export function modelFileIn(text: string): string | undefined {
  const tree = treeOf(text, []);
  const value: unknown = tree && findNodeAtLocation(tree, ['model', 'file'])?.value;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The text's JSON and what is wrong with its form. Comments and trailing commas count as wrong: other programs read recipes too. */
export function treeOf(text: string, problems: RecipeProblem[]): Node | undefined {
  const errors: ParseError[] = [];
  if (text.trim() === '') {
    problems.push(whole(text, 'The recipe is empty.'));
    return undefined;
  }
  try {
    const node = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
    problems.push(...errors.map((error) => syntaxProblem(error)));
    return node;
  } catch {
    // The parser calls itself for every bracket: a file of nothing but brackets is no recipe.
    problems.push(whole(text, 'This is nested too deeply to be a recipe.'));
    return undefined;
  }
}

function whole(text: string, message: string): RecipeProblem {
  return { message, severity: 'error', path: [], offset: 0, length: text.length };
}

/** What people are told for what the parser finds; its other findings are about single characters. */
const syntax: Readonly<Record<string, string>> = {
  PropertyNameExpected: 'A name in double quotes is missing here.',
  ValueExpected: 'A value is missing here.',
  ColonExpected: 'A colon is missing here.',
  CommaExpected: 'A comma is missing here.',
  CloseBraceExpected: 'A closing brace } is missing.',
  CloseBracketExpected: 'A closing bracket ] is missing.',
  EndOfFileExpected: 'The recipe has ended here; nothing may follow.',
  InvalidCommentToken: 'JSON has no comments: a step’s “note” is the place for words.',
  UnexpectedEndOfString: 'The text is not closed with a double quote.',
};

function syntaxProblem({ error, offset, length }: ParseError): RecipeProblem {
  const message = syntax[printParseErrorCode(error)] ?? 'This is not JSON.';
  return { message, severity: 'error', path: [], offset, length };
}

function readRoot(
  spot: Spot,
  actions: readonly ActionFacts[],
): { recipe: Recipe | undefined; places: RecipePlaces } {
  const fields = fieldsOf(spot, 'A recipe');
  const steps = fields?.get('steps')?.value;
  const read = fields && isOurs(spot, fields) ? readFields(spot, fields, actions) : undefined;
  return {
    recipe: read?.recipe,
    places: {
      ...(fields ? placesOf(fields) : {}),
      ...(steps ? { list: placeOf(steps.node) } : {}),
      steps: read?.places ?? [],
    },
  };
}

/** Whether this version can read it; a complaint where not. What else is wrong then does not matter. */
function isOurs(spot: Spot, fields: ReadonlyMap<string, Field>): boolean {
  if (!['version', 'model', 'steps'].some((name) => fields.has(name))) {
    complain(
      spot,
      'This is not a recipe of Featherweight: it has no “version”, no “model” and no “steps”.',
    );
    return false;
  }
  const version = fields.get('version')?.value;
  if (!version) {
    complain(
      spot,
      `The recipe does not say its “version”; this Featherweight writes ${recipeVersion}.`,
    );
    return false;
  }
  const value: unknown = version.node.value;
  if (value === recipeVersion) return true;
  const newer = typeof value === 'number' && value > recipeVersion;
  complain(
    version,
    newer
      ? `The recipe is of version ${value}, from a newer Featherweight than this one, which reads ${recipeVersion}: update the extension.`
      : `“version” must be ${recipeVersion}: no other was ever written.`,
  );
  return false;
}

function readFields(
  spot: Spot,
  fields: ReadonlyMap<string, Field>,
  actions: readonly ActionFacts[],
): { recipe: Recipe | undefined; places: readonly StepPlace[] } {
  onlyKnown(fields, rootFields, 'A recipe');
  for (const name of ['model', 'steps']) {
    if (!fields.has(name)) complain(spot, `A recipe must have “${name}”.`);
  }
  const [modelSpot, dataSpot, stepsSpot, measuredSpot] = ['model', 'data', 'steps', 'measured'].map(
    (name) => fields.get(name)?.value,
  );
  const model = modelSpot && readModel(modelSpot);
  const data = dataSpot && readData(dataSpot);
  const read = stepsSpot && listOf(stepsSpot, 'steps', (item) => readStep(item, actions));
  const measured = measuredSpot && readMeasured(measuredSpot);
  const steps = (read ?? []).flatMap(({ step }) => step ?? []);
  return {
    recipe: model && { version: recipeVersion, model, ...given({ data, measured }), steps },
    places: (read ?? []).map(({ place }) => place),
  };
}

function readModel(spot: Spot): Recipe['model'] | undefined {
  const fields = fieldsOf(spot, 'model');
  if (!fields) return undefined;
  onlyKnown(fields, ['file', 'sha256'], 'model');
  const fileSpot = fields.get('file')?.value;
  const file = fileSpot && textOf(fileSpot, 'The model’s “file”');
  if (!fileSpot) complain(spot, 'model must have “file”: where the model lies, from here.');
  const hashSpot = fields.get('sha256')?.value;
  const sha256 = hashSpot && readHash(hashSpot);
  return file === undefined ? undefined : { file, ...given({ sha256 }) };
}

function readHash(spot: Spot): string | undefined {
  const value: unknown = spot.node.value;
  if (typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  complain(spot, '“sha256” must be 64 hexadecimal digits.');
  return undefined;
}

function readData(spot: Spot): RecipeData | undefined {
  const fields = fieldsOf(spot, 'data');
  if (!fields) return undefined;
  onlyKnown(fields, dataFields, 'data');
  const [calibration, evaluation, label] = ['calibration', 'evaluation', 'label'].map((name) => {
    const field = fields.get(name);
    return field && textOf(field.value, name);
  });
  const [samples, seed] = (['samples', 'seed'] as const).map((name) => {
    const field = fields.get(name);
    return field && wholeOf(field.value, name, name === 'samples' ? 1 : 0);
  });
  return given({ calibration, evaluation, label, samples, seed });
}

function placesOf(fields: ReadonlyMap<string, Field>): Omit<RecipePlaces, 'steps'> {
  const place = (name: string) => innerPlace(fields.get(name)?.value);
  const inside = (name: string, inner: string) => {
    const spot = fields.get(name)?.value;
    const quietly = spot && fieldsOf({ ...spot, problems: [] }, '');
    return innerPlace(quietly?.get(inner)?.value);
  };
  return given({
    model: place('model'),
    sha256: inside('model', 'sha256'),
    data: place('data'),
    calibration: inside('data', 'calibration'),
    evaluation: inside('data', 'evaluation'),
    measured: place('measured'),
  });
}

function innerPlace(spot: Spot | undefined): Place | undefined {
  return spot && placeOf(spot.node);
}
