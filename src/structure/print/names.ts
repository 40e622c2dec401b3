import { type NodeEntry, type Scope, scopeOf } from '../../onnx/graph';
import type { Tensor } from '../../onnx/model';
import type { Layer, Structure, Weight } from '../structure';
import type { Stretch } from './page';
import type { Path, Paths, Place } from './path';

/** A value or weight of the model, and the path that the text calls it by. */
export interface Named extends Path {
  /** As in the file. */
  readonly name: string;
  /** What the file holds under this name: it is a weight then, or a constant. */
  readonly tensor: Tensor | undefined;
  /** Where it is written, the place that makes it first; filled as the text grows. */
  readonly places: Stretch[];
  /** Whether the place that makes it is among them. */
  made: boolean;
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
      if (!main.initializers.has(name)) this.add(main, name, paths.of(name));
    }
    for (const layer of structure.layers) {
      for (const weight of layer.weights) this.addWeight(layer, weight);
      this.addOutputs(layer);
    }
  }

  /** The value or weight that a name stands for where it is read. Names that nobody defines get a path of their own. */
  find(scope: Scope, name: string): Named {
    // What a scope defines hides what is around it.
    const here = this.scopes.get(scope)?.get(name);
    if (here) return here;
    const owner = scopeOf(scope, name) ?? scope;
    const known = this.scopes.get(owner)?.get(name);
    return known ?? this.add(owner, name, this.paths.of(name), owner.initializers.get(name));
  }

  /**
   * The shortest name that means `item` at a place: the end of its path, from where that leaves the place's own. An inner name hides an
   * outer one, as in code; what would be hidden is called by more of its path.
   */
  inside(at: Place, item: Named): string {
    if (item.place === at) return item.last;
    const { segments, joint } = item.place;
    // Layers are left and entered by name: only modules are shared.
    const most = Math.min(modulesOf(at), modulesOf(item.place));
    let shared = 0;
    while (shared < most && segments[shared] === at.segments[shared]) shared++;
    for (let cut = shared; ; cut--) {
      const rest = segments.slice(cut).join('.');
      const name = rest === '' ? item.last : `${rest}${joint}${item.last}`;
      if (!this.isHidden(at, cut, segments[cut] ?? item.last, name, item)) return name;
      if (cut === 0) return `.${name}`;
    }
  }

  /** Whether a name that starts at the `depth`th place around `at` means something else in one of the places further in. */
  private isHidden(at: Place, depth: number, word: string, name: string, item: Named): boolean {
    const taken = item.tensor ? this.weights : this.values;
    let place: Place | undefined = at;
    for (; place && place.segments.length > depth; place = place.parent) {
      if (isCounted(place, name)) return true;
      if (!place.words.has(word)) continue;
      const found = taken.get(place.prefix + name);
      if (found && found !== item) return true;
    }
    return false;
  }

  private addWeight(layer: Layer, weight: Weight): void {
    const owner = scopeOf(layer.main.scope, weight.name);
    const tensor = owner?.initializers.get(weight.name);
    // A weight that a Constant node makes is a value of that node.
    if (!owner || !tensor || this.scopes.get(owner)?.has(weight.name)) return;
    const path = weight.name.startsWith(`${layer.name}.`)
      ? this.paths.of(weight.name)
      : { place: this.paths.within(this.paths.ofLayer(layer)), last: kindNames[weight.kind] };
    this.add(owner, weight.name, path, tensor);
  }

  private addOutputs(layer: Layer): void {
    const { place, last, inner } = this.paths.ofLayer(layer);
    const final = layer.nodes.at(-1);
    for (const entry of layer.nodes) {
      const first = firstOutput(entry);
      for (const name of entry.node.outputs) {
        if (name === '') continue;
        inner.counted++;
        if (entry === final && name === first) this.add(entry.scope, name, { place, last });
        else this.keep(entry.scope, named(name, { place: inner, last: String(inner.counted) }));
      }
    }
  }

  private add(scope: Scope, name: string, { place, last }: Path, tensor?: Tensor): Named {
    const taken = tensor ? this.weights : this.values;
    let unique = last;
    for (let copy = 2; taken.has(place.prefix + unique); copy++) unique = `${last}~${copy}`;
    const item = named(name, { place, last: unique }, tensor);
    taken.set(place.prefix + unique, item);
    place.words.add(unique);
    return this.keep(scope, item);
  }

  private keep(scope: Scope, item: Named): Named {
    let inScope = this.scopes.get(scope);
    if (!inScope) this.scopes.set(scope, (inScope = new Map()));
    // A name that is defined twice is no well-formed graph: readers mean the first.
    if (!inScope.has(item.name)) inScope.set(item.name, item);
    this.all.push(item);
    return item;
  }
}

function named(name: string, { place, last }: Path, tensor?: Tensor): Named {
  return { name, tensor, place, last, places: [], made: false };
}

/** Whether a name is that of an inner value of a layer: those are counted and need no table. */
function isCounted({ counted }: Place, name: string): boolean {
  return counted > 0 && /^[1-9]\d*$/.test(name) && Number(name) <= counted;
}

/** Places around and including this one that are modules. */
const modulesOf = ({ segments, joint }: Place) => segments.length - (joint === ':' ? 1 : 0);

const firstOutput = (entry: NodeEntry) => entry.node.outputs.find((name) => name !== '');
