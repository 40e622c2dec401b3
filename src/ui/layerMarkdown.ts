import * as vscode from 'vscode';
import { formatBytes, formatCount, formatExact, formatMs, formatShare } from '../base/format';
import { parts } from '../base/terms';
import type { Chosen } from '../protocol/recipeView';
import type { LayerFacts, WeightStatistics } from '../protocol/types';
import { histogramChart, layerChart } from './charts';
import type { LayerFigures, ModelFigures } from './figures';
import { argumentOf } from './layerArgument';
import { commandLink, escaped, table, trustedMarkdown } from './markdown';
import type { OpenModel } from './models/openModel';
import { currentColors, imageOf } from './picture';
import { curveOf, sensitivityRows } from './sensitivity/hover';
import { findingsFor } from './sensitivity/verdict';

/** What there is to say about a layer besides its figures. */
export interface LayerExtras {
  readonly weights?: WeightStatistics | undefined;
  /** What the recipe does to it. */
  readonly chosen?: Chosen | undefined;
}

/** A layer's whole profile as a hover: what it is, what it costs, how it stands among its peers, what ran instead. */
export function layerHover(
  model: OpenModel,
  figures: ModelFigures,
  layer: LayerFigures,
  extras: LayerExtras = {},
): vscode.MarkdownString {
  const { weights } = extras;
  const text = [
    headline(figures, layer.layer),
    table([...rowsOf(figures, layer, extras), ...sensitivityRows(model, layer.layer.id)]),
    [chart(figures, layer, weights), curveOf(model, layer.layer.id)]
      .filter(Boolean)
      .join(' &nbsp; '),
    links(model, [layer.layer.id], figures, findingsFor(model, layer.layer.id).length > 0),
  ].join('\n\n');
  return trustedMarkdown(text, linked);
}

/** A module's figures together. */
export function moduleHover(
  model: OpenModel,
  figures: ModelFigures,
  name: string,
  layers: readonly string[],
): vscode.MarkdownString {
  const sum = figures.costOf(layers);
  const rows: [string, string][] = [
    [
      vscode.l10n.t('Time'),
      sum.timeMs === null ? vscode.l10n.t('not measured yet') : formatMs(sum.timeMs),
    ],
    [vscode.l10n.t('Share'), shareText(figures, sum.share)],
    [
      vscode.l10n.t('Parameters'),
      `${formatExact(sum.parameters)} · ${formatBytes(sum.weightBytes)}`,
    ],
    [vscode.l10n.t('MACs'), formatExact(sum.macs)],
  ];
  const title = `**${escaped(name)}** · ${vscode.l10n.t('{0} layers', layers.length)}`;
  const text = [title, table(rows), links(model, layers, figures)];
  return trustedMarkdown(text.join('\n\n'), linked);
}

const linked = [
  'quantizeLayer',
  'showSensitivity',
  'showInDashboard',
  'copyFigures',
  'profile',
] as const;

function headline(figures: ModelFigures, layer: LayerFacts): string {
  const block = layer.block === null ? undefined : figures.inspection.blocks[layer.block];
  const shapes = layer.weights.filter(({ parameters }) => parameters > 0)[0]?.shape;
  const what = [layer.op, shapes?.join('×')].filter(Boolean).join(' ');
  const where = block
    ? vscode.l10n.t('{0}, block {1}', parts[layer.part], block.index)
    : parts[layer.part];
  const title = `**${escaped(layer.name)}** · ${escaped(what)} · ${where}`;
  return layer.className ? `${title} · ${escaped(layer.className)}` : title;
}

/** Few rows: a hover is no taller than 250 pixels before it scrolls. */
function rowsOf(
  figures: ModelFigures,
  layer: LayerFigures,
  { weights, chosen }: LayerExtras,
): [string, string][] {
  const rows: [string, string][] = [
    [vscode.l10n.t('Time'), timeText(layer)],
    [vscode.l10n.t('Share'), `${shareText(figures, layer.share)}${blockText(layer)}`],
    [vscode.l10n.t('MACs'), macsText(layer)],
  ];
  if (layer.parameters > 0) rows.push([vscode.l10n.t('Weights'), weightsText(layer.layer)]);
  if (weights) rows.push([vscode.l10n.t('Values'), statisticsText(weights)]);
  if (chosen) rows.push([vscode.l10n.t('Recipe'), chosenText(chosen)]);
  const ran = ranText(layer);
  if (ran) rows.push([vscode.l10n.t('Ran as'), ran]);
  if (layer.layer.tiedTo) {
    rows.push([
      vscode.l10n.t('Shares'),
      vscode.l10n.t('weights of {0}', escaped(layer.layer.tiedTo)),
    ]);
  }
  return rows;
}

function chosenText({ title, factor }: Chosen): string {
  const smaller = factor === null ? [] : [vscode.l10n.t('{0}x smaller', factor.toFixed(1))];
  return [escaped(title), ...smaller].join(', ');
}

function timeText({ timeMs, p10, p90 }: LayerFigures): string {
  if (timeMs === null) return vscode.l10n.t('not measured yet');
  const spread = p10 === null || p90 === null ? '' : ` (${formatMs(p10)} – ${formatMs(p90)})`;
  return `**${formatMs(timeMs)}**${spread}`;
}

function shareText({ measured }: ModelFigures, share: number | null): string {
  return measured
    ? vscode.l10n.t('{0} of the model’s time', formatShare(share))
    : vscode.l10n.t('{0} of the model’s MACs', formatShare(share));
}

function blockText({ shareOfBlock }: LayerFigures): string {
  if (shareOfBlock === null) return '';
  return `, ${vscode.l10n.t('{0} of the block', formatShare(shareOfBlock))}`;
}

function macsText(layer: LayerFigures): string {
  const { activationBytes } = layer.layer;
  const writes = vscode.l10n.t('writes {0}', formatBytes(activationBytes));
  return [
    `${formatExact(layer.macs)}${rateText(layer)}`,
    ...(activationBytes ? [writes] : []),
  ].join(' · ');
}

function rateText({ macsPerSecond, bestMacsPerSecond, layer }: LayerFigures): string {
  if (macsPerSecond === null || !bestMacsPerSecond) return '';
  const rate = vscode.l10n.t('{0}MAC/s', formatCount(macsPerSecond));
  const best = formatShare(macsPerSecond / bestMacsPerSecond);
  return ` · ${rate}, ${vscode.l10n.t('{0} of the best {1} here', best, escaped(layer.op))}`;
}

function weightsText({ weights, weightBytes, parameters }: LayerFacts): string {
  const learnt = weights.filter((weight) => weight.parameters > 0);
  const said = learnt
    .slice(0, 3)
    .map(({ shape, dtype }) => `${shape.join('×') || '1'} ${escaped(dtype)}`);
  if (learnt.length > said.length) said.push('…');
  const size = `${formatExact(parameters)} · ${formatBytes(weightBytes)}`;
  return `${said.join(', ')} · ${size}`;
}

/** "mean 0.0003, σ 0.041, 0.9 % zeros, 3 beyond 6σ, −0.61 to 0.58". */
export function statisticsText(weights: WeightStatistics): string {
  const { mean, std, min, max, zeros, count, outliers } = weights;
  const said = [
    vscode.l10n.t('mean {0}', short(mean)),
    vscode.l10n.t('σ {0}', short(std)),
    vscode.l10n.t('{0} to {1}', short(min), short(max)),
  ];
  if (zeros > 0) said.push(vscode.l10n.t('{0} zeros', formatShare(zeros / count)));
  if (outliers > 0) said.push(vscode.l10n.t('{0} beyond 6σ', formatExact(outliers)));
  return said.join(', ');
}

const short = (value: number) => Number(value.toPrecision(3)).toString().replace('-', '−');

function ranText({ ran }: LayerFigures): string | undefined {
  if (!ran || ran.how === 'same') return undefined;
  const ops = ran.ops.map(escaped).join(', ');
  if (ran.how === 'fused') return vscode.l10n.t('{0}, fused', ops);
  if (ran.how === 'removed') return vscode.l10n.t('nothing: the runtime folded it away');
  return vscode.l10n.t('could not be told from the runtime’s trace');
}

function chart(
  figures: ModelFigures,
  layer: LayerFigures,
  weights: WeightStatistics | undefined,
): string {
  const values = layer.peers.map((peer) => figures.weightOf(peer));
  const own = layer.peers.indexOf(layer.layer);
  if (values.length < 2) return weights ? histogramOf(weights) : '';
  const measure = figures.measured ? vscode.l10n.t('time') : vscode.l10n.t('MACs');
  const rank = values.filter((value) => value > (values[own] ?? 0)).length + 1;
  const caption = vscode.l10n.t('{0} of {1} {2} layers', measure, values.length, layer.layer.op);
  const picture = layerChart({ values, own, caption }, currentColors(), weights?.histogram);
  return imageOf(picture, vscode.l10n.t('Number {0} of {1} by {2}', rank, values.length, measure));
}

/** How a weight's values are distributed, as an image. */
export function histogramOf({ histogram }: WeightStatistics): string {
  const picture = histogramChart(histogram, currentColors());
  const { from, to } = histogram;
  return imageOf(picture, vscode.l10n.t('Histogram from {0} to {1}', short(from), short(to)));
}

function links(
  model: OpenModel,
  layers: readonly string[],
  figures: ModelFigures,
  hasFindings = false,
): string {
  const argument = argumentOf(model, layers);
  const said = [
    ...(figures.costOf(layers).parameters > 0
      ? [commandLink(quantizeText(layers.length), 'quantizeLayer', argument)]
      : []),
    ...(hasFindings
      ? [commandLink(vscode.l10n.t('Sensitivity'), 'showSensitivity', argument)]
      : []),
    commandLink(vscode.l10n.t('Show in dashboard'), 'showInDashboard', argument),
    commandLink(vscode.l10n.t('Copy figures'), 'copyFigures', argument),
  ];
  if (!figures.measured)
    said.unshift(commandLink(vscode.l10n.t('Profile the model'), 'profile', model.uri.toString()));
  return said.join(' · ');
}

function quantizeText(count: number): string {
  return count === 1 ? vscode.l10n.t('Quantize layer') : vscode.l10n.t('Quantize layers');
}
