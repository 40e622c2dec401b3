import * as vscode from 'vscode';
import { formatBytes, formatExact } from '../base/format';
import type { WeightFacts, WeightStatistics } from '../protocol/types';
import { histogramOf, statisticsText } from './layerMarkdown';
import { escaped, trustedMarkdown } from './markdown';
import type { OpenModel } from './models/openModel';

/** A weight as a hover: its shape, its statistics and how its values are distributed, or why they could not be read. */
export function weightHover(
  model: OpenModel,
  name: string,
  statistics: WeightStatistics | Error,
): vscode.MarkdownString {
  const facts = factsOf(model, name);
  const shape = facts ? ` · ${facts.shape.join('×')} ${escaped(facts.dtype)}` : '';
  const lines = [`**${escaped(name)}**${shape}`];
  if (statistics instanceof Error) lines.push(escaped(statistics.message));
  else
    lines.push(
      `${sizeOf(facts, statistics)} · ${statisticsText(statistics)}`,
      histogramOf(statistics),
    );
  const users = usersOf(model, name);
  if (users > 1) lines.push(vscode.l10n.t('Used by {0} layers', users));
  return trustedMarkdown(lines.join('\n\n'), []);
}

function factsOf({ inspection }: OpenModel, name: string): WeightFacts | undefined {
  for (const layer of inspection?.layers ?? []) {
    const found = layer.weights.find((weight) => weight.name === name);
    if (found) return found;
  }
  return undefined;
}

function usersOf({ inspection }: OpenModel, name: string): number {
  const uses = inspection?.layers.filter(({ weights }) => weights.some((it) => it.name === name));
  return uses?.length ?? 0;
}

function sizeOf(facts: WeightFacts | undefined, { count }: WeightStatistics): string {
  const elements = vscode.l10n.t('{0} values', formatExact(count));
  return facts ? `${elements} · ${formatBytes(facts.bytes)}` : elements;
}
