import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import { exports, type ExportFormat } from '../../report/exports';
import { showContext } from '../context';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { bringUp, targetOf } from './target';

/** Opens a model and writes its figures to a file. */
export async function exportProfileCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await exportProfile(services, await bringUp(services, uri));
}

/** Asks for a format and a place, writes the file and offers to open it. Throws `badModel` while there are no figures. */
export async function exportProfile({ log }: Services, model: OpenModel): Promise<void> {
  const { inspection, profile } = model;
  if (!inspection) {
    throw new UserError(
      'badModel',
      vscode.l10n.t('There are no figures of {0} to export.', model.name),
      model.error?.message,
    );
  }
  const format = await askFormat(profile !== undefined);
  const target = format && (await askPlace(model, format));
  if (!target) return;
  await vscode.workspace.fs.writeFile(target, Buffer.from(format.write(inspection, profile)));
  log.info(`Exported ${target.fsPath}`);
  showContext('didCompare', true);
  await offerToOpen(target);
}

async function askFormat(profiled: boolean): Promise<ExportFormat | undefined> {
  const items = Object.values(exports).map((format: ExportFormat) => ({
    label: format.title,
    detail: format.about,
    format,
  }));
  const choice = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Export Profile'),
    placeHolder: profiled
      ? vscode.l10n.t('Format')
      : vscode.l10n.t('Format (the model is not profiled yet: only what is counted is exported)'),
  });
  return choice?.format;
}

function askPlace(model: OpenModel, { extension, title }: ExportFormat) {
  const name = model.name.replace(/\.onnx$/i, '');
  return vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(model.uri, '..', `${name}${extension}`),
    filters: { [title]: [extension.slice(1)] },
  });
}

async function offerToOpen(file: vscode.Uri): Promise<void> {
  const open = vscode.l10n.t('Open');
  const name = file.path.split('/').pop() ?? '';
  const choice = await vscode.window.showInformationMessage(
    vscode.l10n.t('Exported {0}.', name),
    open,
  );
  if (choice !== open) return;
  // A page is made to be seen in a browser; everything else is text.
  if (name.endsWith('.html')) await vscode.env.openExternal(file);
  else await vscode.commands.executeCommand('vscode.open', file);
}
