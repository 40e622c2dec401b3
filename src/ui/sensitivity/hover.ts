import * as vscode from 'vscode';
import { formatSmall } from '../../base/format';
import type { Sensitivity, SensitivityHint } from '../../protocol/sensitivity';
import { standsOn } from '../../report/sensitivity/view';
import {
  findingsOf,
  shortMetric,
  shortProbe,
  type Finding,
} from '../../report/sensitivity/verdict';
import { setting } from '../config';
import { sensitivityCurve } from '../curve';
import { escaped } from '../markdown';
import type { OpenModel } from '../models/openModel';
import { currentColors, imageOf } from '../picture';
import { findingsFor, judgedText, judgeOf } from './verdict';

/** More figures than these nobody reads in a line: the curve has them all. */
const mostFigures = 5;

/** What a layer's hover says of its sensitivity, and what its weight hints at; nothing where nobody asked. */
export function sensitivityRows(model: OpenModel, layer: string): [string, string][] {
  const { sensitivity } = model;
  if (!sensitivity) return [];
  const measured = measuredText(model, sensitivity, layer);
  const hint = sensitivity.hints.find(({ id }) => id === layer);
  return [
    ...(measured ? [[vscode.l10n.t('Sensitivity'), measured] as [string, string]] : []),
    ...(hint ? [[vscode.l10n.t('Hints'), hintText(hint, sensitivity)] as [string, string]] : []),
  ];
}

/** "**4-bit: KL 0.0003, safe** · int8 1.2e-7 ± 3e-8, 2-bit 0.04 ± 0.01 (KL divergence, 128 samples of dev.npz)". */
function measuredText(model: OpenModel, sensitivity: Sensitivity, layer: string) {
  const findings = findingsOf(sensitivity, layer, {});
  if (findings.length === 0) return undefined;
  const telling = judgeOf(model)?.telling(layer);
  const others = findings.filter(({ probe }) => probe.name !== telling?.probe.name);
  const figures = shortened(others).map(({ probe, row }) => {
    const { damage, high } = row;
    return `${shortProbe(probe)} ${formatSmall(damage)} ± ${formatSmall(high - damage)}`;
  });
  const stale = model.isSensitivityStale ? [vscode.l10n.t('of another content of the file')] : [];
  const basis = [standsOn(sensitivity), ...stale].join(', ');
  const said = [
    ...(telling ? [`**${escaped(judgedText(telling, sensitivity))}**`] : []),
    ...(figures.length > 0 ? [escaped(figures.join(', '))] : []),
  ];
  return `${said.join(' · ')} (${escaped(basis)})`;
}

/** All of a few; of many those of bits. */
function shortened(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= mostFigures) return findings;
  const bits = findings.filter(({ probe }) => probe.strength.kind === 'bits');
  return (bits.length > 0 ? bits : findings).slice(0, mostFigures);
}

/** "4-bit weights keep 21 dB, largest value 9.3x the usual": said to be no measure of damage. */
function hintText({ weightSnrDb, outlierRatio }: SensitivityHint, { probes }: Sensitivity): string {
  const known = weightSnrDb.flatMap(({ probe, db }) => {
    const facts = probes.find(({ name }) => name === probe);
    return facts?.strength.kind === 'bits' && db !== null
      ? [vscode.l10n.t('{0} keep {1} dB', facts.title, db.toFixed(0))]
      : [];
  });
  const largest = vscode.l10n.t('largest value {0}x the usual', outlierRatio.toFixed(1));
  const said = [...known.slice(0, mostFigures - 1), largest].join(', ');
  return `${escaped(said)} (${vscode.l10n.t('from the weights alone, no measure of damage')})`;
}

/** The layer's curve of damage as an image; empty where there are not two strengths of one way, or the figures are of another content. */
export function curveOf(model: OpenModel, layer: string): string {
  const { sensitivity, uri } = model;
  const findings = findingsFor(model, layer);
  if (!sensitivity || findings.length === 0) return '';
  const limit = setting('sensitivitySafe', uri)[sensitivity.metric.name];
  const picture = sensitivityCurve(findings, limit, currentColors());
  const name = shortMetric(sensitivity.metric);
  return picture
    ? imageOf(picture, vscode.l10n.t('{0} against what is left of the weight', name))
    : '';
}
