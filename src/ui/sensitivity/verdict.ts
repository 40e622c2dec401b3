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

/** What was found of a layer under every probe, judged by the user's limits. */
export function findingsFor(model: OpenModel, layer: string): readonly Finding[] {
  const sensitivity = currentSweep(model);
  return sensitivity ? findingsOf(sensitivity, layer, setting('sensitivitySafe', model.uri)) : [];
}

/** The finding that says most of a layer. */
export function findingFor(model: OpenModel, layer: string): Finding | undefined {
  const sensitivity = currentSweep(model);
  return sensitivity && tellingFinding(findingsFor(model, layer), rankingProbe(sensitivity));
}

/** The finding that layers are coloured and ranked by. */
export function rankedFinding(model: OpenModel, layer: string): Finding | undefined {
  const sensitivity = currentSweep(model);
  const probe = sensitivity && rankingProbe(sensitivity);
  return findingsFor(model, layer).find((finding) => finding.probe.name === probe?.name);
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
