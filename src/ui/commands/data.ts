import * as vscode from 'vscode';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { startProfile } from './profile';
import { bringUp, targetOf } from './target';

const filters = () => ({ [vscode.l10n.t('Model inputs')]: ['npz', 'npy', 'jsonl'] });

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
  const choice = await ask(title, [synthetic(), ...(await choicesFor(model.uri))]);
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

async function choicesFor(model: vscode.Uri): Promise<Choice[]> {
  return [
    ...(await besides(model)),
    {
      label: vscode.l10n.t('File…'),
      description: '.npz, .npy, .jsonl',
      iconPath: new vscode.ThemeIcon('file'),
      pick: () => browse({ canSelectFiles: true, filters: filters() }),
    },
    {
      label: vscode.l10n.t('Folder…'),
      description: vscode.l10n.t('a test set of input_N.pb files'),
      iconPath: new vscode.ThemeIcon('folder'),
      pick: () => browse({ canSelectFiles: false, canSelectFolders: true }),
    },
  ];
}

/** Data that lies beside the model, where it usually does. */
async function besides(model: vscode.Uri): Promise<Choice[]> {
  const folder = vscode.Uri.joinPath(model, '..');
  const entries = await vscode.workspace.fs.readDirectory(folder);
  return entries
    .filter(([name, type]) => type !== vscode.FileType.Directory && /\.(npz|npy|jsonl)$/.test(name))
    .slice(0, 20)
    .map(([name]) => ({
      label: name,
      iconPath: new vscode.ThemeIcon('database'),
      pick: () => Promise.resolve(vscode.Uri.joinPath(folder, name).fsPath),
    }));
}

async function browse(options: vscode.OpenDialogOptions): Promise<string | undefined> {
  return (await vscode.window.showOpenDialog(options))?.[0]?.fsPath;
}
