import 'vscode-jsonrpc/browser';
import { remote, serve } from '../../../src/protocol/rpc';
import type { Inspection, Profile } from '../../../src/protocol/types';
import type { DashboardState, HostApi, RowQuery, ViewApi } from '../../../src/protocol/viewApi';
import { connectionOver } from '../../../src/protocol/webviewChannel';
import { dashboardFigures } from '../../../src/report/dashboard';
import { queryRows } from '../../../src/report/rows';

/** What a test opens the page with. */
export interface Scenario {
  readonly inspection?: Inspection;
  readonly profile?: Profile;
  /** Over what follows from the two above. */
  readonly state?: Partial<DashboardState>;
  /** Kept by an earlier page. */
  readonly saved?: unknown;
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

const stateOf = ({ inspection, profile, state }: Scenario): DashboardState => ({
  file: '/models/model.onnx',
  settings,
  trusted: true,
  dimensions: [
    { symbol: 'batch', role: 'batch', size: 1 },
    { symbol: 'sequence', role: 'sequence', size: 128 },
  ],
  ...(inspection ? dashboardFigures(inspection, profile) : {}),
  ...state,
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
serve<HostApi>(connection, {
  async ready() {
    await later();
    return stateOf(scenario);
  },
  async rows(query) {
    queries.push(query);
    await later();
    const { inspection, profile } = scenario;
    return inspection ? queryRows(inspection, profile, query) : { total: 0, start: 0, rows: [] };
  },
  profile: noted('profile'),
  cancel: noted('cancel'),
  setSizes: noted('setSizes'),
  chooseData: noted('chooseData'),
  select: noted('select'),
  reveal: noted('reveal'),
  exportProfile: noted('exportProfile'),
  retry: noted('retry'),
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
