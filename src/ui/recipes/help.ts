import { getLocation } from 'jsonc-parser';
import * as vscode from 'vscode';
import type { ActionFacts } from '../../protocol/build';
import { dataText, savingText, speedText } from '../quantize/estimate';
import type { OpenModel } from '../models/openModel';
import type { ModelStore } from '../models/store';
import { rangeOf } from './lenses';
import type { OpenRecipe } from './openRecipe';
import type { Services } from '../services';
import type { RecipeStore } from './store';

/** Names of layers, modules and operators of the recipe's model, where a recipe asks for them. */
export async function recipeCompletions(
  { recipes, models }: Pick<Services, 'recipes' | 'models'>,
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<vscode.CompletionItem[]> {
  const offset = document.offsetAt(position);
  const { path, previousNode } = getLocation(document.getText(), offset);
  const field = path.at(-2);
  if (path[0] !== 'steps' || typeof field !== 'string' || !(field in namesOf)) return [];
  const recipe = recipes.at(document.uri);
  await recipe.load();
  const model = await inspected(recipe, models);
  if (!model) return [];
  const range = previousNode?.type === 'string' ? rangeOf(document, previousNode) : undefined;
  return namesOf[field as keyof typeof namesOf](model).map(({ name, detail }, at) => {
    const item = new vscode.CompletionItem(JSON.stringify(name), vscode.CompletionItemKind.Value);
    item.detail = detail;
    item.filterText = item.label as string;
    // In the model's order, not the alphabet's.
    item.sortText = String(at).padStart(6, '0');
    if (range) item.range = range;
    return item;
  });
}

/** The recipe's model, read for as long as it takes to answer. */
async function inspected(
  { model }: OpenRecipe,
  models: ModelStore,
): Promise<OpenModel['inspection']> {
  if (!model) return undefined;
  const lease = models.acquire(model);
  try {
    await lease.model.load();
    return lease.model.inspection;
  } finally {
    lease.dispose();
  }
}

type Inspection = NonNullable<OpenModel['inspection']>;

interface Named {
  readonly name: string;
  readonly detail: string;
}

/** Field of a step's targets → what may stand in its list. */
const namesOf = {
  layers: ({ layers }: Inspection): Named[] =>
    layers
      .filter(({ parameters }) => parameters > 0)
      .map(({ id, op, role }) => ({ name: id, detail: `${op} · ${role}` })),
  modules: ({ layers }: Inspection): Named[] =>
    modulesOf(layers.map(({ name }) => name)).map((name) => ({ name, detail: '' })),
  ops: ({ layers }: Inspection): Named[] => {
    const weighted = layers.filter(({ parameters }) => parameters > 0);
    const ops = [...new Set(weighted.map(({ op }) => op))];
    return ops.map((op) => ({
      name: op,
      detail: vscode.l10n.t('{0} layers', weighted.filter((layer) => layer.op === op).length),
    }));
  },
} as const;

/** Every module above the layers, as a pattern that covers what is below it. */
function modulesOf(names: readonly string[]): readonly string[] {
  const modules = new Set<string>();
  for (const name of names) {
    const parts = name.split('.');
    for (let depth = 1; depth < parts.length; depth++) {
      modules.add(`${parts.slice(0, depth).join('.')}.*`);
    }
  }
  return [...modules];
}

/** What an action does and what it costs, on its name; what its step would do, beneath. */
export async function recipeHover(
  recipes: RecipeStore,
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<vscode.Hover | undefined> {
  const recipe = recipes.at(document.uri);
  await recipe.load();
  if (recipe.text !== document.getText()) return undefined;
  const offset = document.offsetAt(position);
  const steps = recipe.parsed?.places.steps ?? [];
  const at = steps.findIndex(
    ({ action }) => action && action.offset <= offset && offset <= action.offset + action.length,
  );
  const place = steps[at]?.action;
  const facts = recipe.actions.find(({ name }) => name === place?.name);
  if (!place || !facts) return undefined;
  const text = new vscode.MarkdownString(hoverText(facts, recipe, at), true);
  return new vscode.Hover(text, rangeOf(document, place));
}

function hoverText(facts: ActionFacts, { check }: OpenRecipe, at: number): string {
  const step = check?.steps[at];
  const outcome =
    step && step.layers.length > 0
      ? vscode.l10n.t('Here: {0} layers, {1}', step.layers.length, savingText(step))
      : undefined;
  return [
    `**${facts.title}** · ${speedText(facts)} · ${dataText(facts)}`,
    facts.about,
    facts.speedNote,
    outcome,
  ]
    .filter(Boolean)
    .join('\n\n');
}
