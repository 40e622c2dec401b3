import * as vscode from 'vscode';
import type { TextView } from '../../protocol/types';
import { costBadge } from '../costLine';
import { figuresOf } from '../figures';
import { argumentOf, type LayerArgument } from '../layerArgument';
import { layerHover, moduleHover } from '../layerMarkdown';
import type { OpenModel } from '../models/openModel';
import type { ModelStore } from '../models/store';
import { views } from '../names';
import type { RecipeStore } from '../recipes/store';
import type { Selection } from '../selection';
import { currentSweep } from '../sensitivity/verdict';
import { findItem, outlineOf, type OutlineItem } from '../text/outline';
import { DamageColors, damageText, rowAddress } from './damage';
import { partIcon } from './icons';
import type { TreeOrder } from './order';
import { rankedItems } from './ranked';

/** A row of the tree. Carries the argument of the layer commands, which get the row itself. */
export interface TreeRow extends LayerArgument {
  readonly owner: OpenModel;
  readonly item: OutlineItem;
}

/** The modules and layers of the model in front, each with what it costs. */
export class LayerTree implements vscode.TreeDataProvider<TreeRow>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changes.event;
  private readonly rows = new WeakMap<OutlineItem, TreeRow>();
  private readonly view: vscode.TreeView<TreeRow>;
  private readonly parts: vscode.Disposable;
  /** What is being selected from here, so that the view's own event about it is not taken for the user's. */
  private revealed: TreeRow | undefined;

  constructor(
    private readonly models: ModelStore,
    private readonly recipes: RecipeStore,
    private readonly selection: Selection,
    private readonly order: TreeOrder,
  ) {
    this.view = vscode.window.createTreeView(views.layers, {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.parts = vscode.Disposable.from(
      this.view,
      new DamageColors(models),
      order.onDidChange(() => this.refresh()),
      this.view.onDidChangeSelection(({ selection: rows }) => this.select(rows)),
      this.view.onDidChangeVisibility(() => void this.follow()),
      models.onDidChangeActive(() => this.refresh()),
      models.onDidChange(({ model, change }) => {
        if (model === models.active && change === 'figures') this.refresh();
      }),
      recipes.onDidChange(({ recipe, change }) => {
        const model = models.active;
        if (change === 'content' && model && recipe === recipes.of(model)) this.refresh();
      }),
      selection.onDidChange(({ origin }) => {
        if (origin !== 'tree') void this.follow();
      }),
    );
  }

  async getChildren(row?: TreeRow): Promise<TreeRow[]> {
    if (row) return row.item.children.map((item) => this.rowOf(row.owner, item));
    const model = this.models.active;
    const view = model && (await textOf(model));
    if (!view || model !== this.models.active) return [];
    const outline = outlineOf(view.sections);
    const items = this.isRanked ? rankedItems(model, outline) : outline;
    return items.map((item) => this.rowOf(model, item));
  }

  getParent({ owner, item }: TreeRow): TreeRow | undefined {
    return this.isRanked || !item.parent ? undefined : this.rowOf(owner, item.parent);
  }

  getTreeItem({ owner, item }: TreeRow): vscode.TreeItem {
    const { section, layers } = item;
    const node = new vscode.TreeItem(this.nameOf(owner, section), foldingOf(item));
    node.id = `${owner.uri.toString()} ${section.kind} ${section.line} ${section.id}`;
    node.contextValue = section.kind;
    node.iconPath = partIcon(owner, section.kind, layers);
    const cost = figuresOf(owner)?.costOf(layers);
    const isLayer = section.kind === 'layer';
    const chosen = isLayer ? this.choiceOf(owner, section.id)?.label : undefined;
    const damage = isLayer ? damageText(owner, section.id) : undefined;
    if (isLayer) node.resourceUri = rowAddress(owner, section.id);
    const said = this.isRanked
      ? [damage, cost && costBadge(cost)]
      : [cost && costBadge(cost), damage];
    node.description = [...said, chosen].filter(Boolean).join(' · ');
    node.accessibilityInformation = { label: [section.name, node.description].join(', ') };
    return node;
  }

  resolveTreeItem(node: vscode.TreeItem, { owner, item }: TreeRow): vscode.TreeItem {
    const figures = figuresOf(owner);
    if (!figures) return node;
    const layer = item.section.kind === 'layer' ? figures.layer(item.section.id) : undefined;
    node.tooltip = layer
      ? layerHover(owner, figures, layer, { chosen: this.choiceOf(owner, layer.layer.id) })
      : moduleHover(owner, figures, item.section.name, item.layers);
    return node;
  }

  /** Whether the layers stand in the order of what compressing them does, the worst first, without their modules. */
  get isRanked(): boolean {
    const model = this.models.active;
    return this.order.isRanked && model !== undefined && currentSweep(model) !== undefined;
  }

  dispose(): void {
    this.parts.dispose();
    this.changes.dispose();
  }

  /** The whole name where no module stands above it. */
  private nameOf(owner: OpenModel, { id, name }: OutlineItem['section']): string {
    return (this.isRanked ? figuresOf(owner)?.layer(id)?.layer.name : undefined) ?? name;
  }

  private choiceOf(model: OpenModel, layer: string) {
    return this.recipes.of(model).choices.get(layer);
  }

  private rowOf(owner: OpenModel, item: OutlineItem): TreeRow {
    const row = this.rows.get(item) ?? { ...argumentOf(owner, item.layers), owner, item };
    this.rows.set(item, row);
    return row;
  }

  private refresh(): void {
    const model = this.models.active;
    this.view.description = model?.name;
    this.view.message = model?.error?.message;
    this.changes.fire(undefined);
  }

  private select(rows: readonly TreeRow[]): void {
    const [first] = rows;
    if (!first || (rows.length === 1 && first === this.revealed)) return;
    const layers = new Set(rows.flatMap((row) => row.layers));
    this.selection.set(first.owner, [...layers], 'tree');
  }

  /** Shows the first selected layer, unless the tree is hidden. */
  private async follow(): Promise<void> {
    const model = this.models.active;
    const [id] = model ? this.selection.of(model) : [];
    if (!this.view.visible || !model || id === undefined) return;
    const view = await textOf(model);
    const item =
      view && findItem(outlineOf(view.sections), (it) => it.kind === 'layer' && it.id === id);
    if (!item || this.view.selection.some((row) => row.layers.includes(id))) return;
    this.revealed = this.rowOf(model, item);
    await this.view.reveal(this.revealed, { select: true, focus: false });
  }
}

/** Modules start folded, but for those that hold everything: folded, they would say nothing. */
function foldingOf({ children, parent, layers }: OutlineItem): vscode.TreeItemCollapsibleState {
  const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  if (children.length === 0) return None;
  const isWhole = layers.length > 1 && (parent?.layers.length ?? layers.length) === layers.length;
  return isWhole && children.length < mostExpanded ? Expanded : Collapsed;
}

/** More children than this would push everything else out of sight. */
const mostExpanded = 30;

function textOf(model: OpenModel): Promise<TextView | undefined> {
  return model.text().catch(() => undefined);
}
