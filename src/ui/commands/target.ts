import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { modelUriOf } from '../text/uri';
import { textView, views } from '../names';

const mostFound = 200;
const excluded = '**/{node_modules,.git,.venv,venv}/**';

/**
 * The model a command is about: the file it was called on, else the one in front, else one that the user picks. Undefined when the
 * user picks none.
 */
export async function targetOf(
  services: Services,
  argument?: unknown,
): Promise<vscode.Uri | undefined> {
  if (argument instanceof vscode.Uri) return modelUriOf(argument) ?? argument;
  // Links carry addresses as text.
  if (typeof argument === 'string') return vscode.Uri.parse(argument, true);
  return services.models.active?.uri ?? (await pickModel(vscode.l10n.t('Open which model?')));
}

/** Lets the user choose among the models of the workspace, or any other. */
export async function pickModel(
  title: string,
  without?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.onnx', excluded, mostFound);
  const items = found
    .filter((uri) => uri.toString() !== without?.toString())
    .map((uri) => ({ label: vscode.workspace.asRelativePath(uri), iconPath: icon('file'), uri }))
    .sort((one, other) => one.label.localeCompare(other.label));
  const browse = { label: vscode.l10n.t('Browse…'), iconPath: icon('folder-opened') };
  const choice = await vscode.window.showQuickPick<vscode.QuickPickItem & { uri?: vscode.Uri }>(
    [...items, browse],
    { title, placeHolder: vscode.l10n.t('An ONNX model'), matchOnDescription: true },
  );
  if (choice !== browse) return choice?.uri;
  const [picked] = (await vscode.window.showOpenDialog({ filters: { ONNX: ['onnx'] } })) ?? [];
  return picked;
}

const icon = (id: string) => new vscode.ThemeIcon(id);

/** Opens the dashboard of a model and returns the model, read. Throws when it is not there any more by then. */
export async function openDashboard(services: Services, uri: vscode.Uri): Promise<OpenModel> {
  await vscode.commands.executeCommand('vscode.openWith', uri, views.dashboard);
  const model = services.models.get(uri);
  if (!model) throw new UserError('missingFile', vscode.l10n.t('{0} did not open.', uri.path));
  await Promise.all([model.load(), services.pages.whenReady(uri)]);
  return model;
}

/** The model at an address, read: shown as it is where it is in front already, else opened as a dashboard. */
export async function bringUp(services: Services, uri: vscode.Uri): Promise<OpenModel> {
  const { active } = services.models;
  if (active?.uri.toString() !== uri.toString()) return openDashboard(services, uri);
  const page = isDashboardInFront(uri) ? services.pages.whenReady(uri) : undefined;
  await Promise.all([active.load(), page]);
  return active;
}

function isDashboardInFront(uri: vscode.Uri): boolean {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.uri.toString() === uri.toString();
}

/** Where to put a document that belongs beside a dashboard: next to it if only the dashboard is there. */
export function columnBeside(): vscode.ViewColumn {
  const other = vscode.window.visibleTextEditors.find(
    ({ document }) => document.uri.scheme === textView.scheme,
  );
  return other?.viewColumn ?? vscode.ViewColumn.Beside;
}
