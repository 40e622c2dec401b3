import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import type { ActionFacts, ActionOffer, RecipeCheck } from '../../protocol/build';
import type { EngineApi } from '../../protocol/engineApi';
import type { Step } from '../../protocol/recipe';
import type { Remote } from '../../protocol/rpc';
import type { Inspection } from '../../protocol/types';
import { localFile } from '../models/localFile';
import type { OpenModel } from '../models/openModel';
import { baseName, isRecipe, recipeUriOf } from './address';
import { OpenRecipe, type RecipeChange } from './openRecipe';

export interface RecipeEvent {
  readonly recipe: OpenRecipe;
  readonly change: RecipeChange;
}

interface Around {
  readonly engine: { readonly api: Remote<EngineApi> };
  readonly storage: vscode.Uri;
  readonly state: vscode.Memento;
  readonly log: vscode.LogOutputChannel;
}

/** Every recipe that a model or an editor has asked for, once each. */
export class RecipeStore implements vscode.Disposable {
  private readonly recipes = new Map<string, OpenRecipe>();
  private readonly changes = new vscode.EventEmitter<RecipeEvent>();
  readonly onDidChange = this.changes.event;
  private asked: Promise<readonly ActionFacts[]> | undefined;
  private readonly fitting = new WeakMap<Inspection, Promise<ReadonlySet<string>>>();
  private readonly parts: vscode.Disposable;

  constructor(private readonly around: Around) {
    this.parts = vscode.Disposable.from(
      this.changes,
      vscode.workspace.onDidOpenTextDocument(({ uri }) => {
        if (isRecipe(uri)) void this.at(uri).load();
      }),
    );
    for (const { uri } of vscode.workspace.textDocuments)
      if (isRecipe(uri)) void this.at(uri).load();
  }

  /** The recipe at an address, whether there is a file or not. */
  at(uri: vscode.Uri): OpenRecipe {
    const key = uri.toString();
    const known = this.recipes.get(key);
    if (known) return known;
    const recipe = new OpenRecipe(uri, { ...this.around, actions: () => this.actions() });
    this.recipes.set(key, recipe);
    recipe.onDidChange((change) => this.changes.fire({ recipe, change }));
    void recipe.load();
    return recipe;
  }

  /** The recipe beside a model. */
  of(model: Pick<OpenModel, 'uri'>): OpenRecipe {
    return this.at(recipeUriOf(model.uri));
  }

  /** The recipe that a model was built from in this session. */
  makerOf(candidate: vscode.Uri): OpenRecipe | undefined {
    const address = candidate.toString();
    return [...this.recipes.values()].find(({ candidate: built }) => built?.model === address);
  }

  /** Every action there is, asked of the engine once. */
  actions(): Promise<readonly ActionFacts[]> {
    this.asked ??= this.around.engine.api.actions({}).catch((error: unknown) => {
      this.asked = undefined;
      this.around.log.error(messageOf(error));
      throw error;
    });
    return this.asked;
  }

  /** Holds steps against a model without a document around them: for estimates. Throws what the engine says. */
  async estimate(
    model: vscode.Uri,
    steps: readonly Step[],
    signal?: AbortSignal,
  ): Promise<RecipeCheck> {
    const file = await localFile(model, this.around.storage);
    const recipe = { version: 1, model: { file: baseName(model) }, steps } as const;
    return this.around.engine.api.checkRecipe({ file, recipe }, { signal });
  }

  /** SHA-256 of a model's own file. */
  async hashOf(model: vscode.Uri): Promise<string> {
    return (await this.estimate(model, [])).sha256;
  }

  /** What the menus' entries would do to layers of a model. Throws what the engine says. */
  async offers(model: vscode.Uri, layers: readonly string[]): Promise<readonly ActionOffer[]> {
    const file = await localFile(model, this.around.storage);
    return this.around.engine.api.offers({ file, layers: [...layers] });
  }

  /** Ids of the model's layers that some way of quantizing fits; none while the model is not read. */
  async quantizable({ uri, inspection }: OpenModel): Promise<ReadonlySet<string>> {
    if (!inspection) return new Set();
    const known = this.fitting.get(inspection) ?? this.askFitting(uri, inspection);
    this.fitting.set(inspection, known);
    return known;
  }

  private async askFitting(uri: vscode.Uri, { layers }: Inspection): Promise<ReadonlySet<string>> {
    try {
      const [actions, offers] = await Promise.all([
        this.actions(),
        this.offers(
          uri,
          layers.map(({ id }) => id),
        ),
      ]);
      const quantizers = new Set(
        actions.flatMap(({ name, group }) => (group === 'quantize' ? name : [])),
      );
      const fitting = offers.filter(({ action }) => quantizers.has(action));
      return new Set(fitting.flatMap((offer) => offer.layers));
    } catch (error) {
      this.around.log.error(messageOf(error));
      return new Set();
    }
  }

  dispose(): void {
    this.parts.dispose();
    for (const recipe of this.recipes.values()) recipe.dispose();
    this.recipes.clear();
  }
}
