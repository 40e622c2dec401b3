import type { TextView } from '../../protocol/types';

export type Section = TextView['sections'][number];

/** A module or layer with what stands inside it: the shape of outline and tree. */
export interface OutlineItem {
  readonly section: Section;
  readonly parent: OutlineItem | undefined;
  readonly children: readonly OutlineItem[];
  /** Ids of the layers in it, itself included, in order. */
  readonly layers: readonly string[];
}

interface Draft {
  section: Section;
  parent: Draft | undefined;
  children: Draft[];
  layers: string[];
}

const outlines = new WeakMap<readonly Section[], readonly OutlineItem[]>();

/**
 * The sections of a text view, which are in the order of their lines, nested by their depths. The same sections give the same
 * objects every time: a tree view tells its rows apart by identity.
 */
export function outlineOf(sections: readonly Section[]): readonly OutlineItem[] {
  const outline = outlines.get(sections) ?? nest(sections);
  outlines.set(sections, outline);
  return outline;
}

function nest(sections: readonly Section[]): readonly OutlineItem[] {
  const roots: Draft[] = [];
  const open: Draft[] = [];
  for (const section of sections) {
    while (open.length > 0 && (open.at(-1)?.section.depth ?? -1) >= section.depth) open.pop();
    const item: Draft = { section, parent: open.at(-1), children: [], layers: [] };
    (item.parent?.children ?? roots).push(item);
    open.push(item);
    if (section.kind === 'layer') for (const holder of open) holder.layers.push(section.id);
  }
  return roots;
}

/** The first item of an outline, from the outermost inwards, that `matches`. */
export function findItem(
  items: readonly OutlineItem[],
  matches: (section: Section) => boolean,
): OutlineItem | undefined {
  for (const item of items) {
    const found = matches(item.section) ? item : findItem(item.children, matches);
    if (found) return found;
  }
  return undefined;
}

/** The innermost section around a line. */
export function sectionAt(sections: readonly Section[], line: number): Section | undefined {
  let found: Section | undefined;
  for (const section of sections) {
    if (section.line > line) break;
    if (section.end >= line) found = section;
  }
  return found;
}
