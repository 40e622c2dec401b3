import { isCancelled, isUserError, messageOf } from '../src/base/errors';
import type { Sizes } from '../src/protocol/engineApi';
import type { Remote } from '../src/protocol/rpc';
import type { AddAction, Column, HostApi, RecipeApi, RowQuery } from '../src/protocol/viewApi';
import { toggleTerms } from './filter';
import type { BlockMetric } from './figures';
import {
  folded,
  groupedBy,
  sortedBy,
  withColumn,
  withSelection,
  type State,
  type ViewSettings,
} from './state';
import type { Store } from './store';

/** Everything a view can make happen. */
export interface Actions {
  profile(): void;
  measureSensitivity(): void;
  exportSensitivity(): void;
  plan(): void;
  advise(): void;
  addCandidate(): void;
  cancel(): void;
  retry(): void;
  setSizes(sizes: Sizes): void;
  chooseData(): void;
  exportProfile(): void;
  reveal(layer: string): void;
  select(layers: readonly string[]): void;
  /** Selects a layer, and the table shows its row where it is. */
  point(layer: string): void;
  setFilter(filter: string): void;
  /** Filters the table by these terms; again, and they are taken back. */
  toggleFilter(terms: Readonly<Record<string, string>>): void;
  /** Filters by a ready filter and goes to the table. */
  show(filter: string): void;
  sort(column: Column, numeric: boolean): void;
  group(group: RowQuery['group']): void;
  fold(group: string, fold: boolean): void;
  setColumn(column: Column, shown: boolean, all: readonly Column[]): void;
  setView(change: Partial<ViewSettings>): void;
  setBlockMetric(metric: BlockMetric): void;
  /** Selects a layer and goes to its row. */
  goTo(layer: string): void;
  unfold(groups: readonly string[]): void;
  addAction(request: AddAction): void;
  quantizeModel(): void;
  removeStep(step: number): void;
  undoLayers(layers: readonly string[]): void;
  openRecipe(step?: number): void;
  chooseRecipeData(use: RecipeDataUse): void;
  build(): void;
  measure(): void;
  cancelBuild(): void;
  openCandidate(): void;
  exportComparison(): void;
  /** The table was scrolled. */
  rest(tableScroll: number): void;
}

type RecipeDataUse = Parameters<RecipeApi['chooseRecipeData']>[0]['use'];

/** Everything that the page asks of the extension. */
export type Host = Remote<HostApi & RecipeApi>;

/** Selections follow the keyboard; the tree and the text need only hear where it comes to rest. */
const selectionDelay = 120;

/** What actions do to the page itself. */
interface PageHooks {
  readonly goToTable: () => void;
  readonly rest: (tableScroll: number) => void;
}

export function createActions(store: Store, host: Host, page: PageHooks): Actions {
  const view = (change: (view: ViewSettings) => ViewSettings) =>
    store.update((state) => ({ ...state, view: change(state.view) }));
  const ask = (answer: Promise<unknown>) =>
    void answer.catch((error: unknown) => store.update((state) => withFailure(state, error)));
  let telling: ReturnType<typeof setTimeout> | undefined;

  const select = (layers: readonly string[]) => {
    clearTimeout(telling);
    telling = setTimeout(() => ask(host.select({ layers: [...layers] })), selectionDelay);
  };

  return {
    ...recipeActions(host, ask),
    profile() {
      const request = profileRequest(store.get());
      if (request) ask(host.profile(request));
    },
    measureSensitivity: () => ask(host.measureSensitivity({})),
    exportSensitivity: () => ask(host.exportSensitivity({})),
    plan: () => ask(host.plan({})),
    advise: () => ask(host.advise({})),
    addCandidate: () => ask(host.addCandidate({})),
    cancel: () => ask(host.cancel({})),
    retry: () => ask(host.retry({})),
    setSizes: (sizes) => ask(host.setSizes(sizes)),
    chooseData: () => ask(host.chooseData({})),
    exportProfile: () => ask(host.exportProfile({})),
    reveal: (layer) => ask(host.reveal({ layer, where: 'text' })),
    select(layers) {
      store.update((state) => ({ ...state, selected: new Set(layers) }));
      select(layers);
    },
    point(layer) {
      store.update((state) => withSelection(state, [layer]));
      select([layer]);
    },
    goTo(layer) {
      store.update((state) => {
        const { selected, pointedAt } = withSelection(state, [layer]);
        return { ...state, selected, pointedAt, view: { ...state.view, filter: '' } };
      });
      select([layer]);
      page.goToTable();
    },
    setFilter: (filter) => view((old) => ({ ...old, filter })),
    toggleFilter: (terms) => view((old) => ({ ...old, filter: toggleTerms(old.filter, terms) })),
    show(filter) {
      view((old) => ({ ...old, filter }));
      page.goToTable();
    },
    sort: (column, numeric) => view((old) => sortedBy(old, column, numeric)),
    group: (group) => view((old) => groupedBy(old, group)),
    fold: (group, fold) => view((old) => folded(old, group, fold)),
    unfold: (groups) =>
      view((old) => groups.reduce((next, group) => folded(next, group, false), old)),
    setColumn: (column, shown, all) => view((old) => withColumn(old, column, shown, all)),
    setView: (change) => view((old) => ({ ...old, ...change })),
    rest: page.rest,
    setBlockMetric: (blockMetric) => view((old) => ({ ...old, blockMetric })),
  };
}

type RecipeActions = Pick<Actions, keyof RecipeApi & keyof Actions>;

function recipeActions(host: Host, ask: (answer: Promise<unknown>) => void): RecipeActions {
  return {
    addAction: (request) => ask(host.addAction(request)),
    quantizeModel: () => ask(host.quantizeModel({})),
    removeStep: (step) => ask(host.removeStep({ step })),
    undoLayers: (layers) => ask(host.undoLayers({ layers: [...layers] })),
    openRecipe: (step) => ask(host.openRecipe(step === undefined ? {} : { step })),
    chooseRecipeData: (use) => ask(host.chooseRecipeData({ use })),
    build: () => ask(host.build({})),
    measure: () => ask(host.measure({})),
    cancelBuild: () => ask(host.cancelBuild({})),
    openCandidate: () => ask(host.openCandidate({})),
    exportComparison: () => ask(host.exportComparison({})),
  };
}

/** What is measured: the reader's choices, else the editor's settings. */
function profileRequest({ dashboard, view }: State): Parameters<HostApi['profile']>[0] | undefined {
  if (!dashboard) return undefined;
  const { threads, provider, runs } = dashboard.settings;
  return { threads: view.threads ?? threads, provider: view.provider ?? provider, runs };
}

/** A call that the extension refused is shown like any other failure of the model. */
function withFailure(state: State, error: unknown): State {
  if (!state.dashboard || isCancelled(error)) return state;
  const hint = isUserError(error) ? error.hint : undefined;
  const failure = { message: messageOf(error), ...(hint ? { hint } : {}) };
  return { ...state, dashboard: { ...state.dashboard, error: failure } };
}
