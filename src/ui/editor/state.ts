import * as vscode from 'vscode';
import type { DashboardState } from '../../protocol/viewApi';
import { dashboardFigures } from '../../report/dashboard';
import { openRemedies } from '../../report/insights';
import type { CandidateView } from '../../protocol/sensitivity';
import { setting } from '../config';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { recipeState } from './recipeState';
import { sensitivityState } from './sensitivityState';

type Figures = ReturnType<typeof dashboardFigures>;

const kept = new WeakMap<object, Figures>();

/** Everything the dashboard of a model shows above its table. */
export function dashboardState(
  model: OpenModel,
  { engine, recipes, candidates }: Services,
): DashboardState {
  const { uri, dimensions, busy, error } = model;
  const figures = figuresIn(model);
  return {
    file: uri.scheme === 'file' ? uri.fsPath : uri.toString(true),
    ...figures,
    ...(figures.insights
      ? { insights: openRemedies(figures.insights, recipes.of(model).choices) }
      : {}),
    dimensions,
    settings: {
      threads: setting('threads', uri),
      providers: [...engine.providers],
      provider: setting('provider', uri),
      data: model.data ?? null,
      runs: setting('runs', uri),
    },
    trusted: vscode.workspace.isTrusted,
    ...recipeState(model, recipes),
    ...sensitivityState(model, recipes),
    ...candidateState(candidates.viewsOf(model)),
    busy,
    error: error && { message: error.message, hint: error.hint },
  };
}

/** Progress is told many times a second; the figures beneath it stay the same meanwhile. */
function figuresIn({ inspection, profile }: OpenModel): Partial<Figures> {
  if (!inspection) return {};
  const key = profile ?? inspection;
  const known = kept.get(key) ?? dashboardFigures(inspection, profile);
  kept.set(key, known);
  return known;
}

const candidateState = (candidates: CandidateView[]) =>
  candidates.length > 0 ? { candidates } : {};
