import { type NodeEntry, type Scope, scopeOf } from '../../onnx/graph';
import type { Layer, Structure, Weight } from '../structure';
import type { Path, Paths, Place } from './path';

/** A value or weight of the model, and the path that the text calls it by. */
export interface Named extends Path {
  /** As in the file. */
  readonly name: string;
  readonly weight: boolean;
}

const kindNames: Readonly<Record<Weight['kind'], string>> = {
  weight: 'weight',
  bias: 'bias',
  scale: 'scale',
  zeroPoint: 'zero_point',
  table: 'weight',
  statistics: 'statistics',
  constant: 'constant',
};

/**
 * Gives every value and weight a path: a layer's result is called like the layer (`encoder.layer.0.query`), its inner values are counted
 * (`…query:1`, and `1` inside it), weights stand after the layer that uses them first (`…query.weight`). So names do not depend on how an
 * exporter numbers its values, and an inserted node renames nothing beyond its own layer. Paths are unique.
 */
export class Names {
  private readonly scopes = new Map<Scope, Map<string, Named>>();
  private readonly values = new Map<string, Named>();
  private readonly weights = new Map<string, Named>();
  /** All of them, in the order in which they were named. */
  readonly all: Named[] = [];

  constructor(
    structure: Structure,
    private readonly paths: Paths,
  ) {
    const { main } = structure.index;
    for (const { name } of main.graph.inputs) {
      if (!main.initializers.has(name)) this.add(main, name, paths.of(name), false);
    }
    for (const layer of structure.layers) {
      for (const weight of layer.weights) this.addWeight(layer, weight);
      this.addOutputs(layer);
    }
  }

  /** The value or weight that a name stands for where it is read. Names that nobody defines get a path of their own. */
  find(scope: Scope, name: string): Named {
    const owner = scopeOf(scope, name) ?? scope;
    const known = this.scopes.get(owner)?.get(name);
    return known ?? this.add(owner, name, this.paths.of(name), owner.initializers.has(name));
  }

  /**
   * The shortest name that means `item` at a place: the end of its path, from where that leaves the place's own. An inner name hides an
   * outer one, as in code; what would be hidden is called by more of its path.
   */
  inside(at: Place, item: Named): string {
    if (item.place === at) return item.last;
    const taken = item.weight ? this.weights : this.values;
    const { segments, joint } = item.place;
    let shared = 0;
    while (shared < segments.length && segments[shared] === at.segments[shared]) shared++;
    // An inner value of another layer is nothing without the layer's name.
    if (shared === segments.length && joint === ':') shared--;
    const rest = segments.slice(shared).join('.');
    let name = rest === '' ? item.last : `${rest}${joint}${item.last}`;
    for (let cut = shared; ; cut--) {
      if (meaning(at, name, taken) === item) return name;
      if (cut === 0) return `.${name}`;
      name = `${segments[cut - 1] ?? ''}${cut === segments.length ? joint : '.'}${name}`;
    }
  }

  private addWeight(layer: Layer, weight: Weight): void {
    const owner = scopeOf(layer.main.scope, weight.name);
    // A weight that a Constant node makes is a value of that node.
    if (!owner?.initializers.has(weight.name)) return;
    if (this.scopes.get(owner)?.has(weight.name)) return;
    const path = weight.name.startsWith(`${layer.name}.`)
      ? this.paths.of(weight.name)
      : { place: this.paths.within(this.paths.ofLayer(layer)), last: kindNames[weight.kind] };
    this.add(owner, weight.name, path, true);
  }

  private addOutputs(layer: Layer): void {
    const { place, last, inner } = this.paths.ofLayer(layer);
    const final = layer.nodes.at(-1);
    let count = 0;
    for (const entry of layer.nodes) {
      const first = firstOutput(entry);
      for (const name of entry.node.outputs) {
        if (name === '') continue;
        count++;
        const isResult = entry === final && name === first;
        const path = isResult ? { place, last } : { place: inner, last: String(count) };
        this.add(entry.scope, name, path, false);
      }
    }
  }

  private add(scope: Scope, name: string, { place, last }: Path, weight: boolean): Named {
    const taken = weight ? this.weights : this.values;
    const before = place.prefixes[0] ?? '';
    let unique = last;
    for (let copy = 2; taken.has(before + unique); copy++) unique = `${last}~${copy}`;
    const item: Named = { name, weight, place, last: unique };
    taken.set(before + unique, item);
    let inScope = this.scopes.get(scope);
    if (!inScope) this.scopes.set(scope, (inScope = new Map()));
    // A name that is defined twice is no well-formed graph: readers mean the first.
    if (!inScope.has(name)) inScope.set(name, item);
    this.all.push(item);
    return item;
  }
}

/** What a name means at a place: the innermost value of that name. */
function meaning(
  { prefixes }: Place,
  name: string,
  taken: ReadonlyMap<string, Named>,
): Named | undefined {
  for (const prefix of prefixes) {
    const found = taken.get(prefix + name);
    if (found) return found;
  }
  return undefined;
}

const firstOutput = (entry: NodeEntry) => entry.node.outputs.find((name) => name !== '');
