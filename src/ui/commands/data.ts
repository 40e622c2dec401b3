import * as vscode from 'vscode';
import { dataEndings, dataFiles, folderOfData, type DataBeside } from '../models/dataBeside';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { startProfile } from './profile';
import { bringUp, targetOf } from './target';

const filters = () => ({ [vscode.l10n.t('Model inputs')]: dataEndings });

/** Chooses inputs and runs the model with them. */
export async function profileWithDataCommand(
  services: Services,
  argument?: unknown,
): Promise<void> {
  const uri = await targetOf(services, argument);
  if (!uri) return;
  const model = await bringUp(services, uri);
  if (await chooseData(model)) await startProfile(services, model);
}

type Choice = vscode.QuickPickItem & { pick(): Promise<string | undefined> };

/** Lets the user say what a model is fed. False when they did not. */
export async function chooseData(
  model: OpenModel,
  title = vscode.l10n.t('Profile {0} With…', model.name),
): Promise<boolean> {
  const choice = await ask(title, [...(await choicesFor(model.uri)), synthetic()]);
  if (!choice) return false;
  const data = await choice.pick();
  if (data === undefined && choice.alwaysShow !== true) return false;
  model.setData(data);
  return true;
}

/** Lets the user name data of a model: the path of a file or folder, or undefined when they did not. */
export async function askData(model: vscode.Uri, title: string): Promise<string | undefined> {
  return (await ask(title, await choicesFor(model)))?.pick();
}

function ask(title: string, choices: readonly Choice[]): Thenable<Choice | undefined> {
  const placeHolder = vscode.l10n.t('Inputs to feed the model');
  return vscode.window.showQuickPick(choices, { title, placeHolder });
}

function synthetic(): Choice {
  return {
    label: vscode.l10n.t('Synthetic inputs'),
    description: vscode.l10n.t('seeded random numbers, and said to be so'),
    iconPath: new vscode.ThemeIcon('symbol-numeric'),
    alwaysShow: true,
    pick: () => Promise.resolve(undefined),
  };
}

/** What lies beside the model first: it is the data most of the time. */
async function choicesFor(model: vscode.Uri): Promise<Choice[]> {
  return [
    ...(await besides(model)),
    {
      label: vscode.l10n.t('File…'),
      description: dataEndings.map((ending) => `.${ending}`).join(', '),
      iconPath: new vscode.ThemeIcon('file'),
      pick: () => browse({ canSelectFiles: true, filters: filters() }),
    },
    {
      label: vscode.l10n.t('Folder…'),
      description: vscode.l10n.t('images, or a test set of input_N.pb files'),
      iconPath: new vscode.ThemeIcon('folder'),
      pick: () => browse({ canSelectFiles: false, canSelectFolders: true }),
    },
  ];
}

/** Data that lies beside the model, where it usually does. */
async function besides(model: vscode.Uri): Promise<Choice[]> {
  const folder = vscode.Uri.joinPath(model, '..');
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const isFolder = (type: vscode.FileType) => (type & vscode.FileType.Directory) !== 0;
  const files = dataFiles(entries.flatMap(([name, type]) => (isFolder(type) ? [] : [name])));
  const folders = entries.flatMap(([name, type]) => (isFolder(type) ? [name] : []));
  const found = await Promise.all(
    folders.slice(0, mostFolders).map((name) => folderBeside(folder, name)),
  );
  const choiceOf = ({ name, holds }: DataBeside, icon: string): Choice => ({
    label: name,
    description: holds,
    iconPath: new vscode.ThemeIcon(icon),
    pick: () => Promise.resolve(vscode.Uri.joinPath(folder, name).fsPath),
  });
  return [
    ...files.map((file) => choiceOf(file, 'database')),
    ...found.flat().map((each) => choiceOf(each, 'folder-library')),
  ];
}

/** Looking into more would keep the list waiting. */
const mostFolders = 12;

async function folderBeside(parent: vscode.Uri, name: string): Promise<DataBeside[]> {
  try {
    const inside = await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(parent, name));
    const holds = folderOfData(inside.map(([each]) => each));
    return holds === undefined ? [] : [{ name, holds }];
  } catch {
    // A folder that cannot be read is no data.
    return [];
  }
}

async function browse(options: vscode.OpenDialogOptions): Promise<string | undefined> {
  return (await vscode.window.showOpenDialog(options))?.[0]?.fsPath;
}
