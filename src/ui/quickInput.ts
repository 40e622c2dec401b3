import * as vscode from 'vscode';
import { shortened } from './shorten';

/** An entry of a list to choose from. One with a reason in `refused` is there to be read: it cannot be chosen. */
export interface Entry<T> extends vscode.QuickPickItem {
  readonly value?: T;
  readonly refused?: string;
  /** What the line has no room for: shown by its button, and by Enter where the entry cannot be chosen. */
  readonly whole?: { readonly title: string; readonly text: string };
}

/** The fields of an entry whose detail does not fit its line; none where it does. */
export function detailOf(title: string, text: string): Partial<Entry<never>> {
  const detail = shortened(text);
  if (detail === text) return { detail };
  const button = { iconPath: new vscode.ThemeIcon('info'), tooltip: text };
  return { detail, whole: { title, text }, buttons: [button] };
}

export interface ListOptions<T> {
  readonly title: string;
  readonly placeholder: string;
  readonly entries: readonly Entry<T>[];
  /** The entry that the list starts at. */
  readonly active?: Entry<T> | undefined;
  /** Fills in what takes time to find out; the list is shown meanwhile. Given a function that replaces the entries. */
  readonly later?: (show: (entries: readonly Entry<T>[]) => void, signal: AbortSignal) => void;
}

/** A page that was just opened takes the focus when it arrives: that must not be taken for the user going elsewhere. */
const settlingMs = 1000;

/** Lets the user choose one entry. Undefined where they pressed Esc or went elsewhere. */
export function chooseOne<T>(options: ListOptions<T>): Promise<T | undefined> {
  return open(options, ({ accept, list }) => list.onDidAccept(accept));
}

/** A list that is one of several: where it stands among them, and what Back gives. */
export interface StepOptions<T> extends ListOptions<T> {
  readonly step: number;
  readonly of: number;
  /** Left out for the first. */
  readonly back?: T;
}

/** `chooseOne` with its place among the steps and a button that leads back. A click elsewhere does not lose what was answered. */
export function chooseStep<T>(options: StepOptions<T>): Promise<T | undefined> {
  return open(options, ({ accept, list, finish }) => {
    list.step = options.step;
    list.totalSteps = options.of;
    list.buttons = options.back === undefined ? [] : [vscode.QuickInputButtons.Back];
    list.onDidTriggerButton(() => finish(options.back));
    list.onDidAccept(accept);
    list.ignoreFocusOut = true;
  });
}

interface Opened<T> {
  readonly list: vscode.QuickPick<Entry<T>>;
  /** Takes the entry that the user has come to, if it can be chosen. */
  readonly accept: () => void;
  readonly finish: (value: T | undefined) => void;
}

function open<T>(options: ListOptions<T>, prepare: (opened: Opened<T>) => void) {
  const list = vscode.window.createQuickPick<Entry<T>>();
  list.title = options.title;
  list.placeholder = options.placeholder;
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  list.items = options.entries;
  if (options.active) list.activeItems = [options.active];
  list.ignoreFocusOut = true;
  const abort = new AbortController();
  options.later?.((entries) => replaceEntries(list, entries), abort.signal);
  return new Promise<T | undefined>((resolve) => {
    const settled = setTimeout(() => (list.ignoreFocusOut = false), settlingMs);
    const finish = (value: T | undefined) => {
      resolve(value);
      list.hide();
    };
    const accept = () => {
      const [chosen] = list.selectedItems;
      if (chosen?.value !== undefined && chosen.refused === undefined) finish(chosen.value);
      else if (chosen) tell(chosen);
    };
    list.onDidTriggerItemButton(({ item }) => tell(item));
    list.onDidHide(() => {
      clearTimeout(settled);
      resolve(undefined);
      abort.abort();
      list.dispose();
    });
    prepare({ list, accept, finish });
    list.show();
  });
}

/** The whole of what an entry has to say, until the user has read it. */
function tell({ whole }: Entry<unknown>): void {
  if (!whole) return;
  const options = { modal: true, detail: whole.text };
  void vscode.window.showInformationMessage(whole.title, options);
}

/** The entry that the user has come to stays the one that Enter takes. */
function replaceEntries<T>(list: vscode.QuickPick<Entry<T>>, entries: readonly Entry<T>[]): void {
  const [active] = list.activeItems;
  list.keepScrollPosition = true;
  list.items = entries;
  const same = entries.find(({ label }) => label === active?.label);
  if (same) list.activeItems = [same];
}

/** A line between groups of entries. */
export function separator(label: string): Entry<never> {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** Lets the user choose several entries; those that are `picked` are chosen from the start. Undefined where they pressed Esc. */
export async function chooseSome<T>(
  entries: readonly (vscode.QuickPickItem & { readonly value: T })[],
  { title, placeholder }: { readonly title: string; readonly placeholder: string },
): Promise<readonly T[] | undefined> {
  const chosen = await vscode.window.showQuickPick(entries, {
    ...{ title, placeHolder: placeholder, canPickMany: true, ignoreFocusOut: true },
    ...{ matchOnDescription: true, matchOnDetail: true },
  });
  return chosen?.map(({ value }) => value);
}
