import * as vscode from 'vscode';
import type { OpenModel } from './models/openModel';
import type { ModelStore } from './models/store';
import type { Selection } from './selection';

/** Layers of a model as an argument of a command: plain data, so that it fits into a link. */
export interface LayerArgument {
  readonly model: string;
  readonly layers: readonly string[];
}

export interface ChosenLayers {
  readonly model: OpenModel;
  readonly layers: readonly string[];
}

export function argumentOf(model: OpenModel, layers: readonly string[]): LayerArgument {
  return { model: model.uri.toString(), layers };
}

/**
 * The layers that a layer command was called for: from a lens, a hover or the tree as a `LayerArgument`, from the dashboard's context
 * menu as the row's `layer`, from a key or the palette as nothing, which means the selection. A right-click inside the selection
 * means all of it. Undefined where there is no model or no layer.
 */
export function chosenLayers(
  argument: unknown,
  models: ModelStore,
  selection: Selection,
): ChosenLayers | undefined {
  const {
    model: address,
    layers,
    layer,
  } = (argument ?? {}) as Partial<LayerArgument> & {
    layer?: unknown;
  };
  const model =
    typeof address === 'string' ? models.get(vscode.Uri.parse(address, true)) : models.active;
  if (!model) return undefined;
  const selected = selection.of(model);
  const chosen =
    typeof layer === 'string'
      ? selected.includes(layer)
        ? selected
        : [layer]
      : (layers ?? selected);
  return chosen.length > 0 ? { model, layers: chosen } : undefined;
}
