import type { ActionFacts, CheckedStep, RecipeCheck, Refusal } from '../protocol/build';
import type { Recipe, Step } from '../protocol/recipe';
import type { Chosen, RecipeView, SkippedView, StepView } from '../protocol/recipeView';
import { shortTitle, stepWords, targetWords } from './recipeWords';
import type { Choices } from './table';

/** What is known of a recipe. */
export interface RecipeFacts {
  /** The document's name, without its folder. */
  readonly file: string;
  readonly recipe: Recipe;
  readonly actions: readonly ActionFacts[];
  /** Undefined until the recipe was held against its model. */
  readonly check?: RecipeCheck | undefined;
  /** Why nothing of it can be used. */
  readonly problem?: string | undefined;
}

/** A recipe as the dashboard shows it, with its steps in words. */
export function recipeView(facts: RecipeFacts): RecipeView {
  const { file, recipe, check, problem } = facts;
  const { calibration = null, evaluation = null } = recipe.data ?? {};
  return {
    file,
    steps: recipe.steps.map((step, at) => stepView(step, check?.steps[at], facts.actions)),
    bytes: check ? { before: check.before, after: check.after } : null,
    data: { calibration, evaluation },
    problem: problem ?? null,
  };
}

function stepView(
  step: Step,
  checked: CheckedStep | undefined,
  actions: readonly ActionFacts[],
): StepView {
  const action = actions.find((one) => one.name === step.action);
  return {
    ...stepWords(step, action),
    targets: targetWords(step.targets),
    layerCount: checked?.layers.length ?? null,
    bytes: checked ? { before: checked.before, after: checked.after } : null,
    problem: checked?.problem ?? null,
    speedNote: action ? speedText(action) : null,
    skipped: skippedView(checked?.skipped ?? []),
  };
}

/** What there is to know about speed before building; said first where there is none to gain. */
function speedText({ speed, speedNote }: ActionFacts): string | null {
  return speedNote !== null && speed !== 'faster' ? `No faster: ${speedNote}` : speedNote;
}

/** Reasons and names that a page shows at most. */
const shownReasons = 5;
const shownLayers = 3;

/** Refusals by reason, the most frequent first. */
export function skippedView(refusals: readonly Refusal[]): SkippedView[] {
  const byReason = new Map<string, string[]>();
  for (const { layer, why } of refusals) {
    const layers = byReason.get(why);
    if (layers) layers.push(layer);
    else byReason.set(why, [layer]);
  }
  const groups = [...byReason]
    .map(([why, all]) => ({ why, count: all.length, layers: all.slice(0, shownLayers) }))
    .sort((a, b) => b.count - a.count);
  const rest = groups.slice(shownReasons);
  if (rest.length === 0) return groups;
  const count = rest.reduce((sum, group) => sum + group.count, 0);
  const layers = rest.flatMap((group) => group.layers).slice(0, shownLayers);
  return [...groups.slice(0, shownReasons), { why: 'Other reasons.', count, layers }];
}

/** What a recipe does to every layer that it changes, by the layer's id: for the table, the lenses and the tree. */
export function choicesOf({ recipe, check, actions }: RecipeFacts): Choices {
  const choices = new Map<string, Chosen>();
  for (const [at, checked] of (check?.steps ?? []).entries()) {
    const step = recipe.steps[at];
    const action = actions.find((one) => one.name === checked.action);
    if (!step || !action) continue;
    const words = stepWords(step, action);
    const title = words.params === '' ? words.title : `${words.title}, ${words.params}`;
    for (const [i, layer] of checked.layers.entries()) {
      const known = choices.get(layer);
      const steps = [...(known?.steps ?? []), at];
      // A preparation says less about a layer than what is done to its weights.
      if (action.group === 'prepare' && known) choices.set(layer, { ...known, steps });
      else {
        const factor = action.group === 'prepare' ? null : factorOf(checked.savings[i]);
        choices.set(layer, { label: shortTitle(words.title), title, steps, factor });
      }
    }
  }
  return choices;
}

function factorOf(saving: { before: number; after: number } | undefined): number | null {
  return saving && saving.after > 0 ? saving.before / saving.after : null;
}
