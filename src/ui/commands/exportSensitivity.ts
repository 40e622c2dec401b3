import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import { sensitivityFormats } from '../../report/sensitivityExports';
import type { OpenModel } from '../models/openModel';
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
  const written = await exportFile({
    title: vscode.l10n.t('Export Sensitivity'),
    placeholder: vscode.l10n.t('Format'),
    formats: Object.values(sensitivityFormats),
    model: uri,
    write: (format) => format.write(sensitivity),
  });
  if (written) log.info(`Exported ${written.fsPath}`);
}
