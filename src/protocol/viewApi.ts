import type { Sizes } from './engineApi';
import type { Chosen, ComparisonView, RecipeView } from './recipeView';
import type { CandidateView, DamageCell, NextStep, SensitivityView } from './sensitivity';
import type {
  BlockFacts,
  ModelFacts,
  PartFigures,
  StructureFacts,
  TotalFigures,
  UnknownFacts,
  Measured,
  Ran,
} from './types';
import type { Part, Role } from '../base/terms';

/** Everything the dashboard shows above the table. Loading, progress and error are fields, so that no view can forget them. */
export interface DashboardState {
  file: string;
  model?: ModelFacts;
  structure?: StructureFacts;
  dimensions?: { symbol: string; role: 'batch' | 'sequence' | 'other'; size: number }[];
  totals?: TotalFigures;
  parts?: Record<Part, PartFigures & { timeMs: number | null }>;
  blocks?: (BlockFacts & {
    timeMs: number | null;
    byPart: Partial<
      Record<
        Part,
        { timeMs: number | null; macs: number | null; parameters: number; weightBytes: number }
      >
    >;
  })[];
  unknown?: UnknownFacts[];
  measured?: Measured;
  measuredComplete?: boolean;
  insights?: Insight[];
  layerCount?: number;
  nodeCount?: number;
  settings: {
    threads: number;
    providers: string[];
    provider: string;
    data: string | null;
    runs: number;
  };
  trusted: boolean;
  /** Undefined where the model has none yet. */
  recipe?: RecipeView;
  /** The model against the candidate that was last measured; not `complete` while that goes on. */
  comparison?: ComparisonView;
  /** How much each layer suffers from being compressed; not `complete` while that is measured, or where it was stopped. */
  sensitivity?: SensitivityView;
  /** What to compress next, the best gain for the least damage first; left out until sensitivity was measured. */
  next?: NextStep[];
  /** Everything that was measured against this model, itself among it; left out until there is one. */
  candidates?: CandidateView[];
  busy?: Busy;
  error?: { message: string; hint?: string };
}

/** What is being done with the model. */
export interface Busy {
  what: string;
  fraction: number;
  note: string;
  /** Left out where the model is read or profiled. */
  task?: 'sensitivity' | 'plan';
}

/** A sentence of "What stands out". */
export interface Insight {
  id: string;
  /** The figure it stands on, e.g. "52 %". */
  figure: string;
  /** The rest of the sentence. */
  text: string;
  /** A table filter that shows what is meant. */
  filter: string;
  /** A remedy: a step that could join the recipe. */
  action?: InsightAction;
}

export interface InsightAction {
  /** As the link says it: "8-bit rows". */
  title: string;
  action: string;
  params: Record<string, unknown>;
  layers: string[];
}

export type Column =
  | 'name'
  | 'role'
  | 'op'
  | 'weights'
  | 'parameters'
  | 'weightBytes'
  | 'macs'
  | 'activationBytes'
  | 'timeMs'
  | 'share'
  | 'chosen'
  | ProbeColumn;

/** What a probe of that name does to each layer. */
export type ProbeColumn = `probe:${string}`;

export interface RowQuery {
  /** `name`, `part:attention`, `role:query`, `op:MatMul`, `block:3`, `step:2`, `>1%`, `int4>0.001` … all must hold. */
  filter: string;
  sort: Column | 'order';
  descending: boolean;
  group: 'none' | 'block' | 'module' | 'part';
  /** Ids of groups that are folded. */
  collapsed: string[];
  start: number;
  end: number;
  /** Id of a layer whose place is wanted, besides the rows. */
  find?: string;
}

export interface Row {
  kind: 'layer' | 'group';
  id: string;
  name: string;
  depth: number;
  collapsed: boolean;
  role: Role | null;
  part: Part | null;
  op: string;
  weights: string;
  parameters: number;
  weightBytes: number;
  macs: number | null;
  activationBytes: number | null;
  timeMs: number | null;
  /** Of the model's attributed time, or of its MACs until it is measured. */
  share: number | null;
  ran: Ran | null;
  /** What the recipe does to it; null where it stays as it is. */
  chosen: Chosen | null;
  /** What each probe does to it, by its name; of a group the sum of what each layer's does, an estimate. */
  damage: Record<string, DamageCell>;
}

export interface RowPage {
  /** Rows in all under this query. */
  total: number;
  start: number;
  rows: Row[];
  /** Problems in the filter's text. */
  problem?: string;
  /** Where the layer of `find` stands once these groups around it are unfolded; left out where the filter leaves it out. */
  found?: { index: number; groups: string[] };
}

/** What the webview may ask about the model. */
export interface HostApi {
  ready(request: Record<string, never>): DashboardState;
  rows(query: RowQuery): RowPage;
  profile(request: { threads: number; runs: number; provider: string }): void;
  /** Asks how, beginning with what was chosen last; for data first where none is chosen. */
  measureSensitivity(request: Record<string, never>): void;
  /** Asks for a format and writes what was measured. */
  exportSensitivity(request: Record<string, never>): void;
  /** Asks for a limit, chooses an action for every layer within it and writes the steps into the recipe. */
  plan(request: Record<string, never>): void;
  /** Asks where the model will run and what matters, and proposes recipes. */
  advise(request: Record<string, never>): void;
  /** Asks for a model file, whoever made it, and measures it against this one. */
  addCandidate(request: Record<string, never>): void;
  cancel(request: Record<string, never>): void;
  setSizes(request: Sizes): void;
  chooseData(request: Record<string, never>): void;
  /** The layers the user selected; the tree and the text follow. */
  select(request: { layers: string[] }): void;
  reveal(request: { layer: string; where: 'text' }): void;
  exportProfile(request: Record<string, never>): void;
  retry(request: Record<string, never>): void;
}

/** What the webview may ask about the recipe and what is built from it. */
export interface RecipeApi {
  /** Adds a step for these layers to the recipe, which is made where there is none; without `action` the editor asks which. */
  addAction(request: AddAction): void;
  /** Asks for one of the ready recipes, or a step for every layer that it fits. */
  quantizeModel(request: Record<string, never>): void;
  /** Index of the step. */
  removeStep(request: { step: number }): void;
  /** Takes the layers out of every step. */
  undoLayers(request: { layers: string[] }): void;
  /** Opens the recipe's text, at a step. */
  openRecipe(request: { step?: number }): void;
  /** Asks for the recipe's data. */
  chooseRecipeData(request: { use: 'calibration' | 'evaluation' }): void;
  build(request: Record<string, never>): void;
  /** Compares what was built with the original. */
  measure(request: Record<string, never>): void;
  /** Stops a build or a measurement of a candidate. */
  cancelBuild(request: Record<string, never>): void;
  openCandidate(request: Record<string, never>): void;
  /** Asks for a format and writes the comparison. */
  exportComparison(request: Record<string, never>): void;
}

export interface AddAction {
  layers: string[];
  action?: string;
  params?: Record<string, unknown>;
}

/** What the extension host may tell the webview. */
export interface ViewApi {
  update(state: DashboardState): void;
  select(request: { layers: string[] }): void;
}
