import * as vscode from 'vscode';
import { quoted } from '../../base/quote';
import type { CheckedStep } from '../../protocol/build';
import type { Place } from '../../recipe/spots';
import { skippedView } from '../../report/recipeView';
import { isRecipe } from './address';
import { rangeOf } from './lenses';
import type { OpenRecipe } from './openRecipe';
import type { RecipeStore } from './store';

/** What a mark in a recipe is about: quick fixes go by it. */
export type Mark = 'text' | 'model' | 'hash' | 'step' | 'layer' | 'nothing' | 'skipped';

/** Marks everything in an open recipe that is wrong, or will not be done as written, with the reason. */
export class RecipeDiagnostics implements vscode.Disposable {
  private readonly marks = vscode.languages.createDiagnosticCollection('featherweight');
  private readonly parts: vscode.Disposable;

  constructor(recipes: RecipeStore) {
    this.parts = vscode.Disposable.from(
      this.marks,
      recipes.onDidChange(({ recipe, change }) => {
        if (change === 'content') this.update(recipe);
      }),
      vscode.workspace.onDidOpenTextDocument(({ uri }) => {
        if (isRecipe(uri)) this.update(recipes.at(uri));
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.marks.delete(uri)),
    );
  }

  dispose(): void {
    this.parts.dispose();
  }

  private update(recipe: OpenRecipe): void {
    const document = vscode.workspace.textDocuments.find(
      ({ uri }) => uri.toString() === recipe.uri.toString(),
    );
    if (!document) return this.marks.delete(recipe.uri);
    if (document.getText() !== recipe.text) return;
    this.marks.set(recipe.uri, marksOf(recipe, document));
  }
}

/** Every mark of a recipe whose text is the document's. */
function marksOf(recipe: OpenRecipe, document: vscode.TextDocument): vscode.Diagnostic[] {
  const { parsed, check, problem } = recipe;
  if (!parsed) return [];
  const { Error, Warning } = vscode.DiagnosticSeverity;
  const at = (place: Place | undefined) => rangeOf(document, place ?? { offset: 0, length: 1 });
  const made = parsed.problems.map((each) =>
    mark(at(each), each.message, each.severity === 'error' ? Error : Warning, 'text'),
  );
  if (problem) made.push(mark(at(parsed.places.model), problem, Error, 'model'));
  const written = recipe.recipe?.model.sha256;
  if (check && written !== undefined && written !== check.sha256) {
    const text = vscode.l10n.t('The model’s file is not the one that this recipe was made for.');
    made.push(mark(at(parsed.places.sha256), text, Warning, 'hash'));
  }
  const steps = (check?.steps ?? []).flatMap((step, i) => {
    const place = parsed.places.steps[i];
    return place && !isBroadPreparation(recipe, i) ? marksOfStep(step, place, at) : [];
  });
  return [...made, ...steps];
}

/** A preparation for whatever needs it: that much needs none is no news. A problem with it is. */
function isBroadPreparation({ recipe, actions, check }: OpenRecipe, at: number): boolean {
  const step = recipe?.steps[at];
  const group = actions.find(({ name }) => name === step?.action)?.group;
  return group === 'prepare' && !step?.targets.layers && check?.steps[at]?.problem === null;
}

type StepPlace = NonNullable<OpenRecipe['parsed']>['places']['steps'][number];

function marksOfStep(
  step: CheckedStep,
  place: StepPlace,
  at: (place: Place | undefined) => vscode.Range,
): vscode.Diagnostic[] {
  const { Error, Warning, Information } = vscode.DiagnosticSeverity;
  if (step.problem !== null) {
    const { problem } = step;
    const named = place.layers.filter(({ name }) => problem.includes(quoted(name)));
    return named.length > 0
      ? named.map((layer) => mark(at(layer), problem, Error, 'layer'))
      : [mark(at(place.action ?? place), problem, Error, 'step')];
  }
  const skipped = skippedView(step.skipped).flatMap(({ why, count, layers }) => {
    const named = place.layers.filter(({ name }) =>
      step.skipped.some((refusal) => refusal.layer === name && refusal.why === why),
    );
    if (named.length > 0) return named.map((layer) => mark(at(layer), why, Information, 'skipped'));
    const text =
      count === 1
        ? vscode.l10n.t('{0} is left as it is: {1}', layers.join(', '), why)
        : vscode.l10n.t(
            '{0} layers are left as they are: {1} For instance {2}.',
            count,
            why,
            layers.join(', '),
          );
    return [mark(at(place.targets ?? place), text, Information, 'skipped')];
  });
  if (step.layers.length > 0) return skipped;
  const text = vscode.l10n.t('This step changes nothing: it fits no layer that it is pointed at.');
  return [mark(at(place.targets ?? place), text, Warning, 'nothing'), ...skipped];
}

function mark(
  range: vscode.Range,
  message: string,
  severity: vscode.DiagnosticSeverity,
  code: Mark,
): vscode.Diagnostic {
  const made = new vscode.Diagnostic(range, message, severity);
  made.source = 'Featherweight';
  made.code = code;
  return made;
}
