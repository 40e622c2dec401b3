import 'vscode-jsonrpc/browser';
import { remote, serve } from '../../../src/protocol/rpc';
import type { Sensitivity } from '../../../src/protocol/sensitivity';
import type { Inspection, Profile } from '../../../src/protocol/types';
import type {
  DashboardState,
  HostApi,
  RecipeApi,
  RowQuery,
  ViewApi,
} from '../../../src/protocol/viewApi';
import { connectionOver } from '../../../src/protocol/webviewChannel';
import type { Chosen } from '../../../src/protocol/recipeView';
import { dashboardFigures } from '../../../src/report/dashboard';
import { nextSteps } from '../../../src/report/compressNext';
import { queryRows } from '../../../src/report/rows';
import { sensitivityView } from '../../../src/report/sensitivity/view';

/** What a test opens the page with. */
export interface Scenario {
  readonly inspection?: Inspection;
  readonly profile?: Profile;
  readonly sweep?: Sensitivity;
  /** Over what follows from those above. */
  readonly state?: Partial<DashboardState>;
  /** Kept by an earlier page. */
  readonly saved?: unknown;
  /** The recipe's choices by layer id. */
  readonly choices?: Readonly<Record<string, Chosen>>;
  /** The host fails with this when the page is ready. */
  readonly refusal?: string;
  readonly healed?: boolean;
  /** How long the host takes for an answer, in ms. */
  readonly delay?: number;
}

/** The host's side as tests reach it from outside. */
export interface TestHost {
  readonly calls: { readonly method: string; readonly argument: unknown }[];
  readonly queries: RowQuery[];
  saved: unknown;
  /** Replaces figures or fields and tells the page. */
  update(change: Scenario): Promise<void>;
  select(layers: string[]): Promise<void>;
  /** From now on the host answers. */
  heal(): void;
}

declare global {
  interface Window {
    scenario: Scenario;
    host: TestHost;
    acquireVsCodeApi: () => unknown;
  }
}

const settings = {
  threads: 2,
  providers: ['cpu'],
  provider: 'cpu',
  data: null,
  runs: 30,
} satisfies DashboardState['settings'];

let scenario = window.scenario;
/** The host's half of the channel: what the page posts arrives here a task later, as it does in the editor. */
const listeners = new Set<(message: unknown) => void>();

const kept = new WeakMap<object, ReadonlyMap<string, Chosen>>();

/** The same map for the same choices, as the extension keeps it. */
function choicesOf({ choices }: Scenario): ReadonlyMap<string, Chosen> | undefined {
  if (!choices) return undefined;
  const map = kept.get(choices) ?? new Map(Object.entries(choices));
  kept.set(choices, map);
  return map;
}

/** What the extension makes of a sweep. */
function sensitivityOf(scenario: Scenario): Partial<DashboardState> {
  const { sweep, inspection, profile } = scenario;
  if (!sweep || !inspection) return {};
  return {
    sensitivity: sensitivityView(sweep, inspection),
    next: nextSteps(sweep, inspection, profile, choicesOf(scenario)),
  };
}

const stateOf = (scenario: Scenario): DashboardState => ({
  file: '/models/model.onnx',
  settings,
  trusted: true,
  dimensions: [
    { symbol: 'batch', role: 'batch', size: 1 },
    { symbol: 'sequence', role: 'sequence', size: 128 },
  ],
  ...(scenario.inspection ? dashboardFigures(scenario.inspection, scenario.profile) : {}),
  ...sensitivityOf(scenario),
  ...scenario.state,
});

const calls: TestHost['calls'] = [];
const queries: RowQuery[] = [];
const noted = (method: string) => (argument: unknown) => void calls.push({ method, argument });
const later = () => new Promise<void>((done) => setTimeout(done, scenario.delay ?? 0));

const connection = connectionOver({
  post: (message) => setTimeout(() => window.postMessage(message, '*')),
  onMessage(listener) {
    listeners.add(listener);
    return { dispose: () => listeners.delete(listener) };
  },
});
serve<HostApi & RecipeApi>(connection, {
  async ready() {
    await later();
    if (scenario.refusal !== undefined && !scenario.healed) throw new Error(scenario.refusal);
    return stateOf(scenario);
  },
  async rows(query) {
    queries.push(query);
    await later();
    const { inspection, profile, sweep } = scenario;
    if (!inspection) return { total: 0, start: 0, rows: [] };
    return queryRows(inspection, profile, query, choicesOf(scenario), sweep);
  },
  profile: noted('profile'),
  measureSensitivity: noted('measureSensitivity'),
  exportSensitivity: noted('exportSensitivity'),
  plan: noted('plan'),
  advise: noted('advise'),
  addCandidate: noted('addCandidate'),
  cancel: noted('cancel'),
  setSizes: noted('setSizes'),
  chooseData: noted('chooseData'),
  select: noted('select'),
  reveal: noted('reveal'),
  exportProfile: noted('exportProfile'),
  retry: noted('retry'),
  addAction: noted('addAction'),
  quantizeModel: noted('quantizeModel'),
  removeStep: noted('removeStep'),
  undoLayers: noted('undoLayers'),
  openRecipe: noted('openRecipe'),
  chooseRecipeData: noted('chooseRecipeData'),
  build: noted('build'),
  measure: noted('measure'),
  cancelBuild: noted('cancelBuild'),
  openCandidate: noted('openCandidate'),
  exportComparison: noted('exportComparison'),
});
connection.listen();
const view = remote<ViewApi>(connection);

window.host = {
  calls,
  queries,
  saved: scenario.saved,
  async update(change) {
    scenario = { ...scenario, ...change };
    await view.update(stateOf(scenario));
  },
  select: (layers) => view.select({ layers }),
  heal() {
    scenario = { ...scenario, healed: true };
  },
};
window.acquireVsCodeApi = () => ({
  // Structured clone, as between two processes: nothing is shared by reference.
  postMessage: (message: unknown) => {
    const copy: unknown = structuredClone(message);
    setTimeout(() => listeners.forEach((listener) => listener(copy)));
  },
  getState: () => window.host.saved,
  setState: (state: unknown) => (window.host.saved = structuredClone(state)),
});
