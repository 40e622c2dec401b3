import * as vscode from 'vscode';

/** An entry of a list to choose from. One with a reason in `refused` is there to be read: it cannot be chosen. */
export interface Entry<T> extends vscode.QuickPickItem {
  readonly value?: T;
  readonly refused?: string;
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

/** Lets the user choose one entry. Undefined where they pressed Esc or went elsewhere. */
export function chooseOne<T>(options: ListOptions<T>): Promise<T | undefined> {
  const list = vscode.window.createQuickPick<Entry<T>>();
  list.title = options.title;
  list.placeholder = options.placeholder;
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  list.items = options.entries;
  if (options.active) list.activeItems = [options.active];
  const abort = new AbortController();
  options.later?.((entries) => replaceEntries(list, entries), abort.signal);
  return new Promise((resolve) => {
    list.onDidAccept(() => {
      const [chosen] = list.selectedItems;
      if (chosen?.value === undefined || chosen.refused !== undefined) return;
      resolve(chosen.value);
      list.hide();
    });
    list.onDidHide(() => {
      resolve(undefined);
      abort.abort();
      list.dispose();
    });
    list.show();
  });
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

/** Lets the user choose several entries. Undefined where they pressed Esc. */
export async function chooseSome<T>(
  entries: readonly (vscode.QuickPickItem & { readonly value: T })[],
  { title, placeholder }: { readonly title: string; readonly placeholder: string },
): Promise<readonly T[] | undefined> {
  const chosen = await vscode.window.showQuickPick(entries, {
    ...{ title, placeHolder: placeholder, canPickMany: true },
    ...{ matchOnDescription: true, matchOnDetail: true },
  });
  return chosen?.map(({ value }) => value);
}
