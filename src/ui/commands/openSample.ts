import * as vscode from 'vscode';
import { exists } from '../models/localFile';
import type { Services } from '../services';
import { openDashboard } from './target';

const sample = 'digits-vit';

/** Copies the bundled model to a folder that may be written to, and opens it. */
export async function openSampleCommand(services: Services): Promise<void> {
  const { extensionUri, globalStorageUri, extension } = services.context;
  const { version } = extension.packageJSON as { version: string };
  const folder = vscode.Uri.joinPath(globalStorageUri, 'samples', `${sample}-${version}`);
  if (!(await exists(vscode.Uri.joinPath(folder, 'model.onnx')))) {
    const source = vscode.Uri.joinPath(extensionUri, 'media', 'samples', sample);
    await vscode.workspace.fs.copy(source, folder, { overwrite: true });
  }
  await openDashboard(services, vscode.Uri.joinPath(folder, 'model.onnx'));
}
