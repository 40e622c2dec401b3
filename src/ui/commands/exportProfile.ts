import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import { exports } from '../../report/exports';
import { sensitivityFormats } from '../../report/sensitivity/exports';
import { showContext } from '../context';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { exportFile } from './exportFile';
import { bringUp, targetOf } from './target';

/** Opens a model and writes its figures to a file. */
export async function exportProfileCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await exportProfile(services, await bringUp(services, uri));
}

/** Asks for a format and a place, writes the file and offers to open it. Throws `badModel` while there are no figures. */
export async function exportProfile({ log }: Services, model: OpenModel): Promise<void> {
  const { inspection, profile, sensitivity } = model;
  if (!inspection) {
    throw new UserError(
      'badModel',
      vscode.l10n.t('There are no figures of {0} to export.', model.name),
      model.error?.message,
    );
  }
  const figures = Object.values(exports).map((format) => ({
    ...format,
    write: () => format.write(inspection, profile),
  }));
  const measured = sensitivity
    ? Object.values(sensitivityFormats).map((format) => ({
        ...format,
        write: () => format.write(sensitivity),
      }))
    : [];
  const written = await exportFile({
    title: vscode.l10n.t('Export Profile'),
    placeholder: profile
      ? vscode.l10n.t('Format')
      : vscode.l10n.t('Format (the model is not profiled yet: only what is counted is exported)'),
    formats: [...figures, ...measured],
    model: model.uri,
    write: (format) => format.write(),
  });
  if (!written) return;
  log.info(`Exported ${written.fsPath}`);
  showContext('didCompare', true);
}
