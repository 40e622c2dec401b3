import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import type { Layer, Structure } from '../structure/structure';

/**
 * The structure of a model after a step, its layers called as they were called before it. A step that stores a layer otherwise takes its
 * weight's name and the pattern around it away, from which layers are named and numbered: the next step's names would mean other layers.
 * A layer is the same where it makes the same value; what is new gets a name that no layer had.
 */
export function withIdsOf(before: Structure, after: Structure): Structure {
  const former = formerLayers(before, after);
  const taken = new Set(before.layers.map(({ id }) => id));
  const ids = new Map<string, string>();
  for (const layer of after.layers) {
    const id = former.get(layer)?.id ?? unused(layer.name, taken);
    taken.add(id);
    ids.set(layer.id, id);
  }
  const called = (id: string) => ids.get(id) ?? id;
  const layers = after.layers.map((layer): Layer => ({
    ...layer,
    id: called(layer.id),
    name: former.get(layer)?.name ?? layer.name,
    tiedTo: layer.tiedTo === undefined ? undefined : called(layer.tiedTo),
  }));
  return {
    ...after,
    layers,
    blocks: after.blocks.map((block) => ({ ...block, layers: block.layers.map(called) })),
    layerOf: new Map(layers.flatMap((layer) => layer.nodes.map((node) => [node.id, layer]))),
  };
}

/** Which layer each one was: where both do their work in the same value, else where the one still makes what the other's work was. */
function formerLayers(before: Structure, after: Structure): ReadonlyMap<Layer, Layer> {
  const [keyBefore, keyAfter] = [valueKeys(before.index), valueKeys(after.index)];
  const found = new Map<Layer, Layer>();
  const matched = new Set<Layer>();
  const entriesOf: readonly ((layer: Layer) => readonly NodeEntry[])[] = [
    ({ main }) => [main],
    ({ nodes }) => nodes,
  ];
  for (const entries of entriesOf) {
    const makers = new Map(
      after.layers.flatMap((layer) =>
        entries(layer).flatMap((entry) => keyAfter(entry).map((key) => [key, layer] as const)),
      ),
    );
    for (const layer of before.layers) {
      const [key = ''] = keyBefore(layer.main);
      const maker = matched.has(layer) ? undefined : makers.get(key);
      if (!maker || found.has(maker)) continue;
      found.set(maker, layer);
      matched.add(layer);
    }
  }
  return found;
}

/** What tells a node's values apart from those of the same name in other bodies. */
function valueKeys({ scopes }: GraphIndex): (entry: NodeEntry) => readonly string[] {
  const bodies = new Map<string, number>();
  const prefixes = new Map<Scope, string>();
  for (const scope of scopes) {
    const owner = scope.owner?.id ?? '';
    const at = bodies.get(owner) ?? 0;
    bodies.set(owner, at + 1);
    prefixes.set(scope, `${owner} ${at} `);
  }
  return ({ node, scope }) =>
    node.outputs.filter((name) => name !== '').map((name) => `${prefixes.get(scope) ?? ''}${name}`);
}

function unused(name: string, taken: ReadonlySet<string>): string {
  let id = name;
  for (let copy = 2; taken.has(id); copy++) id = `${name}#${copy}`;
  return id;
}
