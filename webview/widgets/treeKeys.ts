import type { Row } from '../../src/protocol/viewApi';

/** What a key does in the table. */
export type TreeCommand =
  | { readonly kind: 'move'; readonly to: number; readonly extend: boolean; readonly keep: boolean }
  | { readonly kind: 'fold'; readonly fold: boolean }
  | { readonly kind: 'parent' | 'toggle' | 'open' | 'selectAll' | 'clear' | 'undo' };

export interface TreePosition {
  readonly focus: number;
  readonly total: number;
  /** Rows on one screen. */
  readonly page: number;
  readonly row: Row | undefined;
}

interface Keys {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

/** The keys of the editor's own lists and trees; undefined for keys that are not ours. */
export function treeCommand(event: Keys, position: TreePosition): TreeCommand | undefined {
  const { key, shiftKey } = event;
  const keep = event.ctrlKey || event.metaKey;
  const step = steps[key];
  if (step) {
    const to = Math.max(0, Math.min(position.total - 1, step(position)));
    return { kind: 'move', to, extend: shiftKey, keep };
  }
  if (key === 'ArrowRight') return unfold(position.row);
  if (key === 'ArrowLeft') return foldOrLeave(position.row);
  if (key === 'Enter') return { kind: 'open' };
  if (key === ' ') return { kind: 'toggle' };
  if (key === 'Escape') return { kind: 'clear' };
  if (key === 'Delete') return { kind: 'undo' };
  if (keep && key.toLowerCase() === 'a') return { kind: 'selectAll' };
  return undefined;
}

const steps: Readonly<Record<string, ((position: TreePosition) => number) | undefined>> = {
  ArrowDown: ({ focus }) => focus + 1,
  ArrowUp: ({ focus }) => focus - 1,
  PageDown: ({ focus, page }) => focus + page - 1,
  PageUp: ({ focus, page }) => focus - page + 1,
  Home: () => 0,
  End: ({ total }) => total - 1,
};

const unfold = (row: Row | undefined): TreeCommand | undefined =>
  row?.kind === 'group' && row.collapsed ? { kind: 'fold', fold: false } : undefined;

const foldOrLeave = (row: Row | undefined): TreeCommand | undefined =>
  row?.kind === 'group' && !row.collapsed ? { kind: 'fold', fold: true } : { kind: 'parent' };
