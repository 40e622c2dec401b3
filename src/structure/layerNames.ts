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
  const named = new Map(drafts.map((draft, i) => [draft, paths[i] ?? '']));
  const users = countModules(paths.filter((_, i) => drafts[i]?.kind !== 'other'));
  const prefixes = blockPrefixes(bench, named);
  const names = drafts.map((draft, i) => {
    const path = paths[i] ?? '';
    const block = draft.block && prefixes.get(draft.block);
    if (path === '') return [block, unitWord(draft), draft.label].filter(Boolean).join('.');
    const whole = draft.kind !== 'other' && !partial.has(draft.kind) && users.get(path) === 1;
    return whole || endsIn(path, draft.label) ? path : `${path}.${draft.label}`;
  });
  return { names, ids: numbered(names) };
}

/** What is always one of several steps of its module. */
const partial = new Set(['scores', 'softmax', 'context']);

const unitWords: Partial<Record<UnitKind, string>> = {
  attention: 'attention',
  cross: 'crossAttention',
  feedForward: 'feedForward',
};

const unitWord = (draft: Draft) => draft.unit && unitWords[draft.unit.kind];

const endsIn = (path: string, label: string) => path === label || path.endsWith(`.${label}`);

/** What the node says, unless its weight says more. */
function pathOf(draft: Draft, weights: readonly Weight[]): string {
  if (draft.kind === 'other') return pathOfGroup(draft);
  const path = modulePath(draft.main.entry.node);
  const main = weights.find(
    (weight) => weight.parameters > 0 && (weight.kind === 'weight' || weight.kind === 'table'),
  );
  const module = main ? moduleOfWeight(main.name) : '';
  return path === '' || module.startsWith(`${path}.`) ? module : path;
}

/** The module that all of a group's steps stand in; of moves inside an attention that of its products. */
function pathOfGroup(draft: Draft): string {
  const core = [...(draft.unit?.drafts ?? [])].find(
    (each) => each.kind === 'scores' || each.kind === 'attention',
  );
  if (core && draft.part === 'attention') return modulePath(core.main.entry.node);
  const paths = [...draft.steps].map((step) => modulePath(step.entry.node));
  return commonPath(paths.filter((path) => path !== ''));
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

/** What the names of a block's layers begin with: what their modules have in common, else the block's number. */
function blockPrefixes(bench: Bench, named: ReadonlyMap<Draft, string>): Map<BlockDraft, string> {
  const paths = new Map<BlockDraft, string[]>();
  for (const [draft, path] of named) {
    if (!draft.block || path === '' || draft.kind === 'other') continue;
    paths.set(draft.block, [...(paths.get(draft.block) ?? []), path]);
  }
  const found = bench.blocks.map((block) => commonPath(paths.get(block) ?? []));
  return new Map(
    bench.blocks.map((block, i) => {
      const name = found[i] ?? '';
      const telling = name !== '' && found.indexOf(name) === found.lastIndexOf(name);
      return [block, telling ? name : numberedBlock(bench, block)];
    }),
  );
}

const numberedBlock = (bench: Bench, block: BlockDraft) =>
  block.stack ? `${block.stack}.block.${block.index}` : `block.${bench.blocks.indexOf(block)}`;

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
    if (layer.block === undefined || layer.role === 'other') continue;
    byBlock.set(layer.block, [...(byBlock.get(layer.block) ?? []), layer.name]);
  }
  const found = bench.blocks.map((_, i) => commonPath(byBlock.get(i) ?? []));
  const repeated = new Set(found.filter((name, i) => found.indexOf(name) !== i));
  const names = bench.blocks.map((block, i) => {
    const name = found[i] ?? '';
    return name !== '' && !repeated.has(name) ? name : numberedBlock(bench, block);
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
