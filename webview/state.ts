import { formatMs } from '../src/base/format';
import type { Column, DashboardState, ProbeColumn, RowQuery } from '../src/protocol/viewApi';
import type { BlockMetric } from './figures';

/** What the reader arranged. It outlives the page: kept with the editor's own `setState`. */
export interface ViewSettings {
  readonly filter: string;
  readonly sort: RowQuery['sort'];
  readonly descending: boolean;
  readonly group: RowQuery['group'];
  /** Ids of folded groups. */
  readonly collapsed: readonly string[];
  readonly columns: readonly Column[];
  /** Names of the probes that have a column in the table; the one that says most until the reader chose. */
  readonly probeColumns: readonly string[];
  readonly probeColumnsChosen: boolean;
  /** What colours the blocks; undefined follows the figures: time once measured, MACs until then. */
  readonly blockMetric: BlockMetric | undefined;
  /** "Where it goes" as a table instead of bars. */
  readonly asTable: boolean;
  /** Sensitivity as a table instead of a map. */
  readonly sensitivityTable: boolean;
  /** Name of the probe that sensitivity is in the order of; none for the model's order. */
  readonly sensitivitySort: string;
  /** Damage in proportion instead of by its logarithm. */
  readonly sensitivityLinear: boolean;
  /** Candidates as a table instead of a chart, and by speed instead of size. */
  readonly candidatesTable: boolean;
  readonly candidatesBySpeed: boolean;
  /** Undefined follows the settings of the editor. */
  readonly threads: number | undefined;
  readonly provider: string | undefined;
}

/** Everything the page shows. */
export interface State {
  /** Undefined until the extension answered. */
  readonly dashboard: DashboardState | undefined;
  /** Why the extension did not answer at all. */
  readonly unreachable: string | undefined;
  readonly view: ViewSettings;
  readonly selected: ReadonlySet<string>;
  /** A layer that was selected elsewhere: the table goes to it, once for every such selection. */
  readonly pointedAt: { readonly layer: string } | undefined;
  /** Read out by screen readers when it changes. */
  readonly announcement: string;
}

export const defaultView: ViewSettings = {
  filter: '',
  sort: 'order',
  descending: false,
  group: 'block',
  collapsed: [],
  columns: [
    'name',
    'role',
    'weights',
    'parameters',
    'weightBytes',
    'macs',
    'timeMs',
    'share',
    'chosen',
  ],
  probeColumns: [],
  probeColumnsChosen: false,
  blockMetric: undefined,
  asTable: false,
  sensitivityTable: false,
  sensitivitySort: '',
  sensitivityLinear: false,
  candidatesTable: false,
  candidatesBySpeed: false,
  threads: undefined,
  provider: undefined,
};

/** How far page and table are scrolled, in pixels. No part of the state: it changes with every frame and draws nothing. */
export interface Places {
  page: number;
  table: number;
}

export const initialPlaces = (saved: unknown): Places => ({
  ...noPlaces,
  ...fitting(saved, noPlaces),
});

const noPlaces: Places = { page: 0, table: 0 };

/** The state of a fresh page; `saved` is whatever an earlier version of the page left behind. */
export function initialState(saved: unknown): State {
  return {
    dashboard: undefined,
    unreachable: undefined,
    view: { ...defaultView, ...fitting(saved, defaultView) },
    selected: new Set(),
    pointedAt: undefined,
    announcement: '',
  };
}

/** Those fields of `saved` that have the type of today's. */
function fitting<T extends object>(saved: unknown, today: T): Partial<T> {
  if (typeof saved !== 'object' || saved === null) return {};
  const known = Object.entries(today) as [string, unknown][];
  const entries = known.flatMap(([key, standard]) => {
    const value = (saved as Record<string, unknown>)[key];
    const fits =
      standard === undefined
        ? typeof value === 'string' || typeof value === 'number'
        : typeof value === typeof standard && Array.isArray(value) === Array.isArray(standard);
    return fits ? [[key, value]] : [];
  });
  return Object.fromEntries(entries) as Partial<T>;
}

/** What the table asks for; the range is added by whoever fetches. */
export type TableQuery = Omit<RowQuery, 'start' | 'end'>;

/**
 * What the table shows under this state. While figures come in, an order by them would shuffle the rows again and again: it is put off until
 * the measurement is over, and the order of before stands in for it.
 */
export function queryOf({ view, dashboard }: State): TableQuery {
  const { filter, sort, descending, group, collapsed } = view;
  const query = { filter, sort, descending, group, collapsed: [...collapsed] };
  if (isProbeColumn(sort) && dashboard?.busy?.task === 'sensitivity') {
    return { ...query, sort: 'order', descending: false };
  }
  if (!dashboard?.busy || dashboard.measuredComplete) return query;
  if (sort === 'timeMs') return { ...query, sort: 'order', descending: false };
  return sort === 'share' ? { ...query, sort: 'macs' } : query;
}

export const isProbeColumn = (column: RowQuery['sort']): column is ProbeColumn =>
  column.startsWith('probe:');

/** A header was clicked: the useful direction first, then the other, then the model's own order. */
export function sortedBy(view: ViewSettings, column: Column, numeric: boolean): ViewSettings {
  if (view.sort !== column) return { ...view, sort: column, descending: numeric };
  if (view.descending === numeric) return { ...view, descending: !numeric };
  return { ...view, sort: 'order', descending: false };
}

/** Groups have ids of their own kind, so folding starts anew. */
export function groupedBy(view: ViewSettings, group: RowQuery['group']): ViewSettings {
  return { ...view, group, collapsed: [] };
}

export function folded(view: ViewSettings, group: string, fold: boolean): ViewSettings {
  const others = view.collapsed.filter((id) => id !== group);
  return { ...view, collapsed: fold ? [...others, group] : others };
}

/** Columns keep the order of `all`, whatever the order in which they are switched on. */
export function withColumn(
  view: ViewSettings,
  column: Column,
  shown: boolean,
  all: readonly Column[],
): ViewSettings {
  const columns = all.filter((name) => (name === column ? shown : view.columns.includes(name)));
  return { ...view, columns };
}

/** Layers were selected in the tree or in the text. */
export function withSelection(state: State, layers: readonly string[]): State {
  const [layer] = layers;
  const pointedAt = layer === undefined ? undefined : { layer };
  return { ...state, selected: new Set(layers), pointedAt };
}

/** The extension sent new figures. */
export function withDashboard(state: State, dashboard: DashboardState): State {
  const announcement = announced(state.dashboard, dashboard) ?? state.announcement;
  return { ...state, dashboard: steady(state.dashboard, dashboard), announcement };
}

/**
 * Sentences about times that still move would come and go, and push the page up and down: those of before stay meanwhile. Steps to take next would
 * change places under the pointer with every layer that is measured: those of before stay, too.
 */
function steady(before: DashboardState | undefined, now: DashboardState): DashboardState {
  if (now.busy?.task === 'sensitivity') {
    const held = { ...now };
    if (before?.next) held.next = before.next;
    else delete held.next;
    return held;
  }
  const insights = before?.insights;
  return insights && now.busy && !timesSettled(now) ? { ...now, insights } : now;
}

/** Work that begins or ends is announced, and nothing in between: progress told at every step would never let a listener alone. */
function announced(before: DashboardState | undefined, now: DashboardState): string | undefined {
  if (now.error) return now.error.message;
  const ofRecipe = announcedRecipe(before, now);
  if (ofRecipe !== undefined) return ofRecipe;
  if (now.busy) return before?.busy ? undefined : `${now.busy.what} started.`;
  if (!before?.busy) return undefined;
  const { what } = before.busy;
  if (before.busy.task === 'sensitivity') {
    return now.sensitivity?.complete ? `${what} finished.` : `${what} stopped.`;
  }
  if (!canCancel(before) || before.busy.task === 'plan') return `${what} finished.`;
  if (!now.measured || !now.measuredComplete) return `${what} stopped.`;
  return `${what} finished: ${formatMs(now.measured.latencyMs.median)}.`;
}

function announcedRecipe(
  before: DashboardState | undefined,
  { recipe, comparison }: DashboardState,
): string | undefined {
  const was = before?.recipe?.busy?.what;
  if (recipe?.busy) return was === recipe.busy.what ? undefined : `${recipe.busy.what} started.`;
  if (was === undefined) return undefined;
  if (recipe?.error) return recipe.error.message;
  const verdicts = verdictsOf(comparison);
  const fresh = verdicts.join() !== verdictsOf(before?.comparison).join();
  return [`${was} finished`, ...(fresh ? verdicts : [])].join(', ') + '.';
}

/** What is said first of a finished comparison: file and latency. */
const verdictsOf = (comparison: DashboardState['comparison']): readonly string[] =>
  comparison?.complete ? comparison.lines.slice(0, 2).map(({ verdict }) => verdict) : [];

/** Whether what is under way is a measurement, which tells how far it is; reading a model is over before it could be stopped. */
export function canCancel({ busy }: DashboardState): boolean {
  return busy !== undefined && busy.note !== '';
}

/** Whether rows may have other figures than before. Progress is told many times a second, and rows need not be fetched for it. */
export function figuresChanged(before: DashboardState | undefined, now: DashboardState): boolean {
  return figuresKey(before) !== figuresKey(now);
}

const figuresKey = (dashboard: DashboardState | undefined): string =>
  JSON.stringify([
    dashboard?.model?.bytes,
    dashboard?.layerCount,
    dashboard?.totals,
    dashboard?.dimensions,
    dashboard?.parts,
    dashboard?.measured?.runs,
    dashboard?.measured?.latencyMs,
    dashboard?.measuredComplete,
    dashboard?.recipe?.steps,
    dashboard?.sensitivity?.lines,
  ]);

/**
 * Whether times may be drawn. Bars grow once, when a measurement is over or was stopped: figures that still move would move the
 * page under the reader.
 */
export function timesSettled(dashboard: DashboardState): boolean {
  return dashboard.measured !== undefined && !(dashboard.busy && !dashboard.measuredComplete);
}

/** Whether the times come from made-up inputs, which has to be said beside them. */
export function isSynthetic(dashboard: DashboardState): boolean {
  return dashboard.measured?.data === 'synthetic';
}
