import * as vscode from 'vscode';
import type { Sensitivity } from '../../protocol/sensitivity';
import {
  findingsOf,
  findingText,
  rankingProbe,
  tellingFinding,
  type Finding,
  type Verdict,
} from '../../report/sensitivity/verdict';
import { setting } from '../config';
import type { OpenModel } from '../models/openModel';

/** What was measured of a model as it is now; undefined where that was of another content. */
export function currentSweep(
  model: Pick<OpenModel, 'sensitivity' | 'isSensitivityStale'>,
): Sensitivity | undefined {
  return model.isSensitivityStale ? undefined : model.sensitivity;
}

/** What was found of a model's layers, judged by the user's limits as they were when this was made: one for all layers of a request. */
export interface Judge {
  readonly sensitivity: Sensitivity;
  /** Under every probe. */
  readonly findings: (layer: string) => readonly Finding[];
  /** The finding that says most of a layer. */
  readonly telling: (layer: string) => Finding | undefined;
  /** The finding that layers are coloured and ranked by. */
  readonly ranked: (layer: string) => Finding | undefined;
}

/** Undefined where nothing was measured of the model as it is now. */
export function judgeOf(model: OpenModel): Judge | undefined {
  const sensitivity = currentSweep(model);
  if (!sensitivity) return undefined;
  const limits = setting('sensitivitySafe', model.uri);
  const ranking = rankingProbe(sensitivity);
  const findings = (layer: string) => findingsOf(sensitivity, layer, limits);
  return {
    sensitivity,
    findings,
    telling: (layer) => tellingFinding(findings(layer), ranking),
    ranked: (layer) => findings(layer).find(({ probe }) => probe.name === ranking?.name),
  };
}

/** What was found of a layer under every probe, judged by the user's limits. */
export function findingsFor(model: OpenModel, layer: string): readonly Finding[] {
  return judgeOf(model)?.findings(layer) ?? [];
}

/** "4-bit: KL 0.0003, safe". */
export function judgedText(finding: Finding, sensitivity: Sensitivity): string {
  const word = verdictText(finding.verdict);
  return [findingText(finding, sensitivity), ...(word ? [word] : [])].join(', ');
}

/** "safe"; nothing where there is no limit to judge by. */
export function verdictText(verdict: Verdict): string {
  return {
    safe: vscode.l10n.t('safe'),
    open: vscode.l10n.t('near the limit'),
    unsafe: vscode.l10n.t('not safe'),
    unknown: '',
  }[verdict];
}
