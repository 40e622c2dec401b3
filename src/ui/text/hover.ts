import * as vscode from 'vscode';
import type { WeightStatistics } from '../../protocol/types';
import { setting } from '../config';
import { figuresOf, type LayerFigures } from '../figures';
import { layerHover, moduleHover } from '../layerMarkdown';
import type { OpenModel } from '../models/openModel';
import type { RecipeStore } from '../recipes/store';
import { weightHover } from '../weightMarkdown';
import type { ShownText, TextFiles } from './files';
import { nameIndexOf } from './names';
import { findItem, outlineOf, sectionAt } from './outline';
import { lineOf } from './symbols';

/** Beyond this reading a weight would keep the hover from appearing; its statistics are a hover on the weight itself away. */
const mostBytesAtOnce = 64e6;

/** The profile of the layer, module or weight under the pointer. */
export class TextHovers implements vscode.HoverProvider {
  constructor(
    private readonly texts: TextFiles,
    private readonly recipes: RecipeStore,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    if (!setting('textHovers')) return undefined;
    const shown = await this.texts.shown(document.uri);
    if (!shown?.model.inspection) return undefined;
    return (
      (await hoverOnWeight(shown, position, token)) ??
      (await hoverOnSection(shown, document, position, { token, recipes: this.recipes }))
    );
  }
}

async function hoverOnWeight(
  { model, view }: ShownText,
  { line, character }: vscode.Position,
  token: vscode.CancellationToken,
): Promise<vscode.Hover | undefined> {
  const found = nameIndexOf(view).at(line, character);
  if (!found?.value.weight) return undefined;
  const { name } = found.value;
  const [at, from, to] = found.place;
  const statistics = await statisticsOf(model, name, token);
  return new vscode.Hover(weightHover(model, name, statistics), new vscode.Range(at, from, at, to));
}

async function hoverOnSection(
  { model, view }: ShownText,
  document: vscode.TextDocument,
  position: vscode.Position,
  { token, recipes }: { token: vscode.CancellationToken; recipes: RecipeStore },
): Promise<vscode.Hover | undefined> {
  const section = sectionAt(view.sections, position.line);
  const figures = figuresOf(model);
  if (!section || !figures) return undefined;
  const range = lineOf(document, position.line);
  if (section.kind === 'module') {
    const item = findItem(outlineOf(view.sections), (it) => it === section);
    return item && new vscode.Hover(moduleHover(model, figures, section.name, item.layers), range);
  }
  const layer = figures.layer(section.id);
  if (!layer) return undefined;
  const weights = await weightsOf(model, layer, token);
  const chosen = recipes.of(model).choices.get(section.id);
  return new vscode.Hover(layerHover(model, figures, layer, { weights, chosen }), range);
}

async function weightsOf(
  model: OpenModel,
  layer: LayerFigures,
  token: vscode.CancellationToken,
): Promise<WeightStatistics | undefined> {
  const [largest] = layer.layer.weights
    .filter(({ parameters }) => parameters > 0)
    .sort((one, other) => other.bytes - one.bytes);
  const statistics =
    largest && largest.bytes <= mostBytesAtOnce
      ? await statisticsOf(model, largest.name, token)
      : undefined;
  return statistics instanceof Error ? undefined : statistics;
}

/** The statistics, or why there are none. */
async function statisticsOf(
  model: OpenModel,
  weight: string,
  token: vscode.CancellationToken,
): Promise<WeightStatistics | Error> {
  const abort = new AbortController();
  const listener = token.onCancellationRequested(() => abort.abort());
  try {
    return await model.weightStatistics(weight, abort.signal);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    listener.dispose();
  }
}
