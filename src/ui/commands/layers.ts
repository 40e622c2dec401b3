import * as vscode from 'vscode';
import { formatBytes, formatExact, formatMs, formatShare } from '../../base/format';
import { parts } from '../../base/terms';
import { figuresOf } from '../figures';
import { chosenLayers, type ChosenLayers } from '../layerArgument';
import type { Services } from '../services';
import { lineOf, startOfLine } from '../text/symbols';
import { textUriOf } from '../text/uri';
import { columnBeside, openDashboard } from './target';

type LayerCommand = (services: Services, argument?: unknown, more?: unknown) => Promise<void>;

/** Opens the text view at the first of the layers. */
export const showInTextCommand: LayerCommand = onLayers(showInText);

/** Opens the dashboard with the layers selected. */
export const showInDashboardCommand: LayerCommand = onLayers(async (services, chosen) => {
  services.selection.set(chosen.model, chosen.layers, 'command');
  await openDashboard(services, chosen.model.uri);
});

/** Puts the layers' figures on the clipboard, one line each, ready for a spreadsheet. */
export const copyFiguresCommand: LayerCommand = onLayers(async (_, { model, layers }) => {
  const figures = figuresOf(model);
  const lines = layers.flatMap((id) => {
    const layer = figures?.layer(id);
    if (!layer) return [];
    const { name, part, role, op } = layer.layer;
    const cells = [name, parts[part], role, op, formatExact(layer.parameters)];
    const costs = [formatBytes(layer.weightBytes), formatExact(layer.macs), formatMs(layer.timeMs)];
    return [[...cells, ...costs, formatShare(layer.share)].join('\t')];
  });
  const head = ['layer', 'part', 'role', 'op', 'parameters', 'weights', 'MACs', 'time', 'share'];
  await vscode.env.clipboard.writeText([head.join('\t'), ...lines].join('\n'));
});

/** Puts the layers' names on the clipboard. */
export const copyNameCommand: LayerCommand = onLayers(async (_, { model, layers }) => {
  const names = layers.map((id) => figuresOf(model)?.layer(id)?.layer.name ?? id);
  await vscode.env.clipboard.writeText(names.join('\n'));
});

export async function showInText(services: Services, { model, layers }: ChosenLayers) {
  const uri = textUriOf(model.uri);
  const editor = await vscode.window.showTextDocument(uri, {
    viewColumn: columnBeside(),
    preview: false,
  });
  services.selection.set(model, layers, 'command');
  const { view } = (await services.texts.shown(uri)) ?? {};
  const section = view?.sections.find((it) => it.kind === 'layer' && it.id === layers[0]);
  if (!section) return;
  const range = lineOf(editor.document, section.line);
  editor.selection = new vscode.Selection(range.start, range.start);
  editor.revealRange(startOfLine(range), vscode.TextEditorRevealType.InCenter);
}

/** A command for layers, wherever it is called from; from a tree, `more` are all the selected rows. */
export function onLayers(
  run: (services: Services, chosen: ChosenLayers) => Promise<void>,
): LayerCommand {
  return async (services, argument, more) => {
    const chosen = chosenLayers(together(argument, more), services.models, services.selection);
    if (chosen) await run(services, chosen);
  };
}

/** The argument of a layer command, with the layers of all rows of a tree that were selected with it. */
export function together(argument: unknown, more: unknown): unknown {
  if (!Array.isArray(more) || more.length < 2) return argument;
  const layers = more.flatMap((row: { layers?: readonly string[] }) => row.layers ?? []);
  return { ...(argument as object), layers: [...new Set(layers)] };
}
