import * as vscode from 'vscode';
import { modelUriOf } from '../text/uri';
import { textView, views } from '../names';
import { OpenModel } from './openModel';
import type { ModelChange, ModelSurroundings } from './surroundings';

/** Models nobody shows any more that are kept, so that closing and reopening an editor does not lose a profile. */
const mostKept = 3;

interface Entry {
  readonly model: OpenModel;
  readonly listener: vscode.Disposable;
  users: number;
}

/** The hold of one editor or document on a model. */
export interface Lease extends vscode.Disposable {
  readonly model: OpenModel;
}

export interface ModelEvent {
  readonly model: OpenModel;
  readonly change: ModelChange;
}

/** Every open model, once, however many editors show it; and which of them is in front. */
export class ModelStore implements vscode.Disposable {
  private readonly entries = new Map<string, Entry>();
  private readonly changes = new vscode.EventEmitter<ModelEvent>();
  readonly onDidChange = this.changes.event;
  private readonly activeChanges = new vscode.EventEmitter<void>();
  readonly onDidChangeActive = this.activeChanges.event;
  private readonly tabs: vscode.Disposable;
  private activeKey: string | undefined;

  constructor(private readonly around: ModelSurroundings) {
    this.tabs = vscode.Disposable.from(
      vscode.window.tabGroups.onDidChangeTabs(() => this.follow()),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.follow()),
    );
  }

  /** The model at an address, which is read if it is not open yet. Dispose the lease when its editor closes. */
  acquire(uri: vscode.Uri): Lease {
    const key = uri.toString();
    const entry = this.entries.get(key) ?? this.open(uri);
    // Re-inserted, so that the map's order is the order of last use.
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.users++;
    this.follow();
    let held = true;
    const dispose = () => {
      if (held) entry.users--;
      held = false;
      this.trim();
    };
    return { model: entry.model, dispose };
  }

  /** The model at an address if it is open. */
  get(uri: vscode.Uri): OpenModel | undefined {
    return this.entries.get(uri.toString())?.model;
  }

  get all(): readonly OpenModel[] {
    return [...this.entries.values()].map(({ model }) => model);
  }

  /** The model of the editor in front, or the one that was in front last while some editor still shows it. */
  get active(): OpenModel | undefined {
    return this.activeKey === undefined ? undefined : this.entries.get(this.activeKey)?.model;
  }

  dispose(): void {
    this.tabs.dispose();
    for (const { model, listener } of this.entries.values()) {
      listener.dispose();
      model.dispose();
    }
    this.entries.clear();
    this.changes.dispose();
    this.activeChanges.dispose();
  }

  private open(uri: vscode.Uri): Entry {
    const model = new OpenModel(uri, this.around);
    const listener = model.onDidChange((change) => this.changes.fire({ model, change }));
    void model.load();
    return { model, listener, users: 0 };
  }

  private follow(): void {
    const front = modelOfTab(vscode.window.tabGroups.activeTabGroup.activeTab)?.toString();
    const key = front ?? (this.isShown(this.activeKey) ? this.activeKey : undefined);
    if (key === this.activeKey && this.announced === this.active) return;
    this.activeKey = key;
    this.announced = this.active;
    this.activeChanges.fire();
  }

  /** What the last event said: a tab can be in front before its model is open. */
  private announced: OpenModel | undefined;

  private isShown(key: string | undefined): boolean {
    return vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .some((tab) => key !== undefined && modelOfTab(tab)?.toString() === key);
  }

  private trim(): void {
    const idle = [...this.entries].filter(([, entry]) => entry.users === 0);
    for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - mostKept))) {
      this.entries.delete(key);
      entry.listener.dispose();
      entry.model.dispose();
    }
    this.follow();
  }
}

/** The model that a tab shows as dashboard, text or comparison. */
function modelOfTab(tab: vscode.Tab | undefined): vscode.Uri | undefined {
  const input = tab?.input;
  if (input instanceof vscode.TabInputCustom && input.viewType === views.dashboard) {
    return input.uri;
  }
  if (input instanceof vscode.TabInputText && input.uri.scheme === textView.scheme) {
    return modelUriOf(input.uri);
  }
  if (input instanceof vscode.TabInputTextDiff) return modelUriOf(input.modified);
  return undefined;
}
