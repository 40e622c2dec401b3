import type { Layer } from '../structure';
import type { Paths } from './path';

/** A module of the tree that the layers' names span: modules and layers in it, in the order of their first layer. */
export interface Module {
  readonly path: readonly string[];
  readonly items: readonly (Module | Layer)[];
}

interface Growing extends Module {
  readonly items: (Growing | Layer)[];
  readonly inner: Map<string, Growing>;
}

export const isModule = (item: Module | Layer): item is Module => 'items' in item;

/** The layers nested by their dotted names. Every module stands once, even where its layers are apart in the file. */
export function moduleTree(layers: Iterable<Layer>, paths: Paths): Module {
  const root: Growing = { path: [], items: [], inner: new Map() };
  for (const layer of layers) {
    let at = root;
    for (const segment of paths.ofLayer(layer).place.segments) {
      let inner = at.inner.get(segment);
      if (!inner) {
        inner = { path: [...at.path, segment], items: [], inner: new Map() };
        at.inner.set(segment, inner);
        at.items.push(inner);
      }
      at = inner;
    }
    at.items.push(layer);
  }
  return root;
}

/** A module that holds nothing but one other stands on one line with it: the innermost of such a chain. */
export function unfolded(module: Module): Module {
  let at = module;
  for (let only = at.items[0]; at.items.length === 1 && only; only = at.items[0]) {
    if (!isModule(only)) break;
    at = only;
  }
  return at;
}
