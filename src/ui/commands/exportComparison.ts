import * as vscode from 'vscode';
import type { Comparison } from '../../protocol/build';
import { comparisonExports, type ComparisonFormat } from '../../report/comparisonExports';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { exportFile } from './exportFile';

/** Asks for a format and a place and writes a comparison there. */
export async function exportComparison(
  { log }: Services,
  model: Pick<OpenModel, 'uri'>,
  comparison: Comparison,
): Promise<void> {
  const written = await exportFile<ComparisonFormat>({
    title: vscode.l10n.t('Export Comparison'),
    placeholder: vscode.l10n.t('Format'),
    formats: Object.values(comparisonExports),
    model: model.uri,
    suffix: '.comparison',
    write: (format) => format.write(comparison),
  });
  if (written) log.info(`Exported ${written.fsPath}`);
}

/** Shows a comparison as a page of text, which can be saved where the user likes. */
export async function showReport(comparison: Comparison): Promise<void> {
  const content = comparisonExports.markdown.write(comparison);
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document, { preview: false });
  await vscode.commands.executeCommand('markdown.showPreview', document.uri);
}
