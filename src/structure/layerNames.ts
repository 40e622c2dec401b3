import type { Bench, BlockDraft, Draft, UnitKind } from './drafts';
import { moduleOfWeight, modulePath } from './names';
import type { Layer, Weight } from './structure';

export interface LayerNames {
  /** In the order of the drafts. */
  readonly names: readonly string[];
  /** The names, numbered where they repeat. */
  readonly ids: readonly string[];
}

/** Names layers by the module they come from, else by their weight, else by their place in the pattern. */
export function nameLayers(
  bench: Bench,
  drafts: readonly Draft[],
  weights: ReadonlyMap<Draft, readonly Weight[]>,
): LayerNames {
  const paths = drafts.map((draft) => pathOf(draft, weights.get(draft) ?? []));
  const users = countModules(paths);
  const prefixes = new Map(
    bench.blocks.map((block, i) => [
      block,
      blockPath(paths, drafts, block) ||
        `${block.stack ? `${block.stack}.` : ''}block.${block.stack ? block.index : i}`,
    ]),
  );
  const names = drafts.map((draft, i) => {
    const path = paths[i] ?? '';
    if (path === '')
      return [draft.block && prefixes.get(draft.block), unitWord(draft), draft.label]
        .filter(Boolean)
        .join('.');
    const alone =
      draft.kind !== 'other' &&
      users.get(path) === 1 &&
      draft.role !== 'scores' &&
      draft.role !== 'context';
    return alone || endsIn(path, draft.label) ? path : `${path}.${draft.label}`;
  });
  return { names, ids: numbered(names) };
}

const unitWords: Partial<Record<UnitKind, string>> = {
  attention: 'attention',
  cross: 'crossAttention',
  feedForward: 'feedForward',
};

const unitWord = (draft: Draft) => draft.unit && unitWords[draft.unit.kind];

const endsIn = (path: string, label: string) => path === label || path.endsWith(`.${label}`);

/** What the node says, unless its weight says more. */
function pathOf(draft: Draft, weights: readonly Weight[]): string {
  const path = modulePath(draft.main.entry.node);
  const main = weights.find(
    (weight) => weight.parameters > 0 && (weight.kind === 'weight' || weight.kind === 'table'),
  );
  const module = main ? moduleOfWeight(main.name) : '';
  if (path === '') return draft.kind === 'other' ? '' : module;
  return module.startsWith(`${path}.`) ? module : path;
}

/** How many layers stand in each module, those in its children included. */
function countModules(paths: readonly string[]): Map<string, number> {
  const users = new Map<string, number>();
  for (const path of paths) {
    const parts = path.split('.');
    for (let i = 1; i <= parts.length; i++) {
      const module = parts.slice(0, i).join('.');
      users.set(module, (users.get(module) ?? 0) + 1);
    }
  }
  return users;
}

/** What the paths of a block's layers have in common. */
function blockPath(paths: readonly string[], drafts: readonly Draft[], block: BlockDraft): string {
  const own = paths.filter(
    (path, i) => path !== '' && drafts[i]?.block === block && drafts[i].kind !== 'other',
  );
  return commonPath(own);
}

function commonPath(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  let parts = first.split('.');
  for (const path of others) {
    const other = path.split('.');
    const length = parts.findIndex((part, i) => part !== other[i]);
    if (length >= 0) parts = parts.slice(0, length);
  }
  return parts.join('.');
}

/** Names blocks by what their layers' names have in common; by number where that tells nothing. */
export function nameBlocks(bench: Bench, layers: readonly Layer[]): string[] {
  const byBlock = new Map<number, string[]>();
  for (const layer of layers) {
    if (layer.block !== undefined && layer.role !== 'other') {
      byBlock.set(layer.block, [...(byBlock.get(layer.block) ?? []), layer.name]);
    }
  }
  const found = bench.blocks.map((_, i) => commonPath(byBlock.get(i) ?? []));
  const repeated = new Set(found.filter((name, i) => found.indexOf(name) !== i));
  const names = bench.blocks.map((block, i) => {
    const name = found[i] ?? '';
    const telling = name !== '' && !repeated.has(name);
    return telling
      ? name
      : `${block.stack ? `${block.stack}.` : ''}block.${block.stack ? block.index : i}`;
  });
  return numbered(names);
}

function numbered(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return names.map((name) => {
    let id = name;
    for (let copy = next.get(name) ?? 2; taken.has(id); copy++) {
      id = `${name}#${copy}`;
      next.set(name, copy + 1);
    }
    taken.add(id);
    return id;
  });
}
