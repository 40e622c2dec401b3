import * as vscode from 'vscode';
import { isCancelled, isUserError, messageOf } from '../../base/errors';
import type { ActionFacts, Comparison, RecipeCheck } from '../../protocol/build';
import type { EngineApi } from '../../protocol/engineApi';
import type { Recipe } from '../../protocol/recipe';
import type { Remote } from '../../protocol/rpc';
import type { ParsedRecipe } from '../../recipe/parse';
import { choicesOf, type RecipeFacts } from '../../report/recipeView';
import type { Choices } from '../../report/table';
import { exists, localFile } from '../models/localFile';
import { watchModel } from '../models/watch';
import { baseName, placeOf, resolvedFrom } from './address';

/** What a recipe needs from the rest of the extension. */
export interface RecipeSurroundings {
  readonly engine: { readonly api: Remote<EngineApi> };
  /** Every action there is; asked for once. */
  readonly actions: () => Promise<readonly ActionFacts[]>;
  readonly storage: vscode.Uri;
  /** What is kept from one session to the next. */
  readonly state: vscode.Memento;
  readonly log: vscode.LogOutputChannel;
}

/** `content`: the text, its check or a result has changed; `progress`: only how far work has come. */
export type RecipeChange = 'content' | 'progress';

/** What the last build of a recipe left. */
export interface Candidate {
  /** Address of the model. */
  readonly model: string;
  readonly bytes: number;
  /** The steps it was built from, as text: it is out of date when they differ. */
  readonly steps: string;
}

const candidateKey = (recipe: vscode.Uri) => `candidate ${recipe.toString()}`;

const noChoices: Choices = new Map();
/** A check belongs to one text: what it chooses is found out once. */
const chosen = new WeakMap<RecipeCheck, Choices>();

const nothing = { parsed: undefined, named: undefined };

/** Loaded with the first recipe: most windows never see one. */
async function parse(text: string, actions: readonly ActionFacts[]) {
  const { modelFileIn, parseRecipe } = await import('../later');
  return { parsed: parseRecipe(text, actions), named: modelFileIn(text) };
}

/** While somebody types, a recipe is held against its model this long after the last key. */
const restMs = 250;

/** A recipe's document, in an editor or not: its text as it stands there, what is wrong with it and what its steps would do. */
export class OpenRecipe implements vscode.Disposable {
  /** Undefined while there is no such file. */
  text: string | undefined;
  parsed: ParsedRecipe | undefined;
  actions: readonly ActionFacts[] = [];
  /** Of the text as it is now; undefined while it is being made or where it cannot be. */
  check: RecipeCheck | undefined;
  /** Why the recipe cannot be held against its model. */
  problem: string | undefined;
  busy: { what: string; fraction: number; note: string } | undefined;
  error: { message: string; hint?: string } | undefined;
  comparison: { readonly value: Comparison; readonly steps: string } | undefined;

  private readonly changes = new vscode.EventEmitter<RecipeChange>();
  readonly onDidChange = this.changes.event;
  private readonly watcher: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;
  private reading: Promise<void> | undefined;
  /** The model's file as the text names it, where the text is no recipe. */
  private named: string | undefined;
  private isStale = false;
  private isReading = false;
  private working: AbortController | undefined;

  constructor(
    readonly uri: vscode.Uri,
    private readonly around: RecipeSurroundings,
  ) {
    this.watcher = vscode.Disposable.from(
      watchModel(
        placeOf(uri),
        (file) => this.concerns(file),
        () => void this.reload(),
      ),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.toString() === uri.toString()) this.soon();
      }),
    );
  }

  get name(): string {
    return baseName(this.uri);
  }

  get recipe(): Recipe | undefined {
    return this.parsed?.recipe;
  }

  /** The model it is for, if it says so: also while there are mistakes elsewhere in it. */
  get model(): vscode.Uri | undefined {
    const file = this.recipe?.model.file ?? this.named;
    return file === undefined ? undefined : resolvedFrom(this.uri, file);
  }

  /** The steps as text: the same text builds the same model. */
  get steps(): string {
    return JSON.stringify([this.recipe?.steps ?? [], this.recipe?.data?.calibration ?? null]);
  }

  /** What is known of it, for views; undefined where there is no recipe or it has mistakes. */
  get facts(): RecipeFacts | undefined {
    const { recipe, name: file, actions, check, problem } = this;
    return recipe && { file, recipe, actions, check, problem };
  }

  /** What it does to every layer that it changes. */
  get choices(): Choices {
    const { facts, check } = this;
    if (!facts || !check) return noChoices;
    const known = chosen.get(check) ?? choicesOf(facts);
    chosen.set(check, known);
    return known;
  }

  /** What was built of it last, in this session or an earlier one. */
  get candidate(): Candidate | undefined {
    return this.around.state.get<Candidate>(candidateKey(this.uri));
  }

  /** Keeps what was built; a comparison of an earlier build says nothing about it. */
  keep(candidate: Candidate | undefined): void {
    void this.around.state.update(candidateKey(this.uri), candidate);
    this.comparison = undefined;
    this.changes.fire('content');
  }

  get isBusy(): boolean {
    return this.working !== undefined;
  }

  /** Reads the recipe and holds it against its model unless that has been done. Never throws. */
  load(): Promise<void> {
    return this.reading ?? this.reload();
  }

  /** The same, anew. Ends when nothing has changed since it began. */
  reload(): Promise<void> {
    clearTimeout(this.timer);
    this.isStale = true;
    this.reading = this.isReading ? this.reading : this.readWhileStale();
    return this.reading ?? Promise.resolve();
  }

  /** The document, which is opened if it is not. Throws what VS Code says where there is none. */
  document(): Thenable<vscode.TextDocument> {
    return vscode.workspace.openTextDocument(this.uri);
  }

  /**
   * Does long work on the recipe, a build or a measurement, of which there is one at a time: an earlier one is cancelled. Rethrows
   * what it throws.
   */
  async work<T>(
    what: string,
    run: (signal: AbortSignal, progress: (fraction: number, note: string) => void) => Promise<T>,
  ): Promise<T> {
    this.cancel();
    const abort = new AbortController();
    this.working = abort;
    this.error = undefined;
    const tell = (fraction: number, note: string) => {
      if (this.working !== abort) return;
      this.busy = { what, fraction, note };
      this.changes.fire('progress');
    };
    tell(0, '');
    try {
      return await run(abort.signal, tell);
    } catch (error) {
      if (this.working === abort && !isCancelled(error)) {
        this.error = {
          message: messageOf(error),
          ...(isUserError(error) && error.hint ? { hint: error.hint } : {}),
        };
      }
      throw error;
    } finally {
      if (this.working === abort) {
        this.working = undefined;
        this.busy = undefined;
        this.changes.fire('content');
      }
    }
  }

  /** Stops a build or a measurement, if there is one. */
  cancel(): void {
    this.working?.abort();
  }

  /** Tells that a result was put into one of the fields. */
  changed(): void {
    this.changes.fire('content');
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.cancel();
    this.watcher.dispose();
    this.changes.dispose();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.reload(), restMs);
  }

  /** A check under way is not ended by a newer text: that would cost the engine what it has read. */
  private async readWhileStale(): Promise<void> {
    this.isReading = true;
    while (this.isStale) {
      this.isStale = false;
      await this.read();
    }
    this.isReading = false;
    this.changes.fire('content');
  }

  /** Text and check change together: a view never sees the steps of one with the figures of the other. */
  private async read(): Promise<void> {
    try {
      const [text, actions] = await Promise.all([this.currentText(), this.around.actions()]);
      const read = text === undefined ? nothing : await parse(text, actions);
      const found = await this.held(read.parsed?.recipe);
      Object.assign(this, { text, actions, ...read, ...found });
    } catch (error) {
      Object.assign(this, { check: undefined, problem: messageOf(error) });
    }
  }

  /** An open document's text, which may not be saved, or the file's. */
  private async currentText(): Promise<string | undefined> {
    const open = vscode.workspace.textDocuments.find(
      ({ uri }) => uri.toString() === this.uri.toString(),
    );
    if (open && !open.isClosed) return open.getText();
    return (await exists(this.uri)) ? (await this.document()).getText() : undefined;
  }

  /** The recipe held against its model, or why it cannot be. */
  private async held(recipe: Recipe | undefined): Promise<Pick<OpenRecipe, 'check' | 'problem'>> {
    if (!recipe) return { check: undefined, problem: undefined };
    try {
      const model = resolvedFrom(this.uri, recipe.model.file);
      const file = await localFile(model, this.around.storage);
      const check = await this.around.engine.api.checkRecipe({ file, recipe });
      return { check, problem: undefined };
    } catch (error) {
      return { check: undefined, problem: messageOf(error) };
    }
  }

  private concerns(file: vscode.Uri): boolean {
    const address = file.toString();
    return address === this.uri.toString() || address === this.model?.toString();
  }
}
