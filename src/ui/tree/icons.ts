import * as vscode from 'vscode';
import type { Part } from '../../base/terms';
import { figuresOf } from '../figures';
import type { OpenModel } from '../models/openModel';

/** The theme's colour of each part: the hues of the dashboard's bars. */
const partColors = {
  embedding: 'charts.purple',
  attention: 'charts.blue',
  feedForward: 'charts.yellow',
  norm: 'disabledForeground',
  convolution: 'terminal.ansiCyan',
  recurrent: 'charts.red',
  head: 'charts.green',
  other: 'descriptionForeground',
} satisfies Record<Part, string>;

/** A mark in the colour of the layers' part; in no colour where a module mixes parts. */
export function partIcon(
  model: OpenModel,
  kind: 'module' | 'layer',
  layers: readonly string[],
): vscode.ThemeIcon {
  const parts = new Set(layers.map((id) => figuresOf(model)?.partOf(id)));
  const [part] = parts;
  const color = parts.size === 1 && part ? new vscode.ThemeColor(partColors[part]) : undefined;
  return new vscode.ThemeIcon(kind === 'module' ? 'symbol-namespace' : 'circle-filled', color);
}
