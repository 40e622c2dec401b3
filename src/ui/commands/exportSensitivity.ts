import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import type { ProbeFacts, Sensitivity } from '../../protocol/sensitivity';
import { exclusionFormats, sensitivityFormats } from '../../report/sensitivity/exports';
import { setting } from '../config';
import type { OpenModel } from '../models/openModel';
import { parseLimit } from '../plan/limits';
import { chooseOne } from '../quickInput';
import type { Services } from '../services';
import { exportFile } from './exportFile';
import { bringUp, targetOf } from './target';

/** Opens a model and writes what was measured of its layers' sensitivity to a file. */
export async function exportSensitivityCommand(
  services: Services,
  argument?: unknown,
): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await exportSensitivity(services, await bringUp(services, uri));
}

/** Asks for a format and a place, writes the file and offers to open it. Throws `badInput` while nothing was measured. */
export async function exportSensitivity({ log }: Services, model: OpenModel): Promise<void> {
  const { sensitivity, name, uri } = model;
  if (!sensitivity) {
    throw new UserError(
      'badInput',
      vscode.l10n.t('The sensitivity of {0} was not measured yet.', name),
      vscode.l10n.t('Run Measure Sensitivity first.'),
    );
  }
  const whole = Object.values(sensitivityFormats).map((format) => ({
    ...format,
    write: () => Promise.resolve<string | undefined>(format.write(sensitivity)),
  }));
  const exclusions = Object.values(exclusionFormats).map((format) => ({
    ...format,
    write: () => excluding(model, sensitivity, format),
  }));
  const written = await exportFile({
    title: exportTitle(),
    placeholder: vscode.l10n.t('Format'),
    formats: [...whole, ...exclusions],
    model: uri,
    write: (format) => format.write(),
  });
  if (written) log.info(`Exported ${written.fsPath}`);
}

const exportTitle = () => vscode.l10n.t('Export Sensitivity');

type Exclusion = (typeof exclusionFormats)[keyof typeof exclusionFormats];

/** The layers that a way of compressing hurts more than a limit, both of which are asked for. */
async function excluding(
  { uri }: OpenModel,
  sensitivity: Sensitivity,
  format: Exclusion,
): Promise<string | undefined> {
  const probe = await askProbe(sensitivity);
  const usual = setting('sensitivitySafe', uri)[sensitivity.metric.name];
  const limit = probe && (await askDamage(sensitivity, probe, usual));
  if (!probe || limit === undefined) return undefined;
  return format.write({ ...sensitivity, probes: [probe] }, limit);
}

function askProbe({ probes }: Sensitivity): Promise<ProbeFacts | undefined> {
  const own = probes.filter(({ unit }) => unit === 'layer');
  const [first] = own;
  if (own.length < 2) return Promise.resolve(first);
  return chooseOne({
    title: exportTitle(),
    placeholder: vscode.l10n.t('Leave out layers that suffer from…'),
    entries: own.map((probe) => ({ label: probe.title, value: probe })),
  });
}

async function askDamage({ metric }: Sensitivity, { title }: ProbeFacts, usual = 0) {
  const answer = await vscode.window.showInputBox({
    title: exportTitle(),
    prompt: vscode.l10n.t('Leave out layers whose {0} under {1} is above', metric.title, title),
    value: String(usual),
    ignoreFocusOut: true,
    validateInput: (text) =>
      parseLimit('damage', text, 0) || Number(text) === 0
        ? undefined
        : vscode.l10n.t('A number, such as 0.001'),
  });
  return answer === undefined ? undefined : Number(answer);
}
