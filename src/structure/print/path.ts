import { pathSegments, printable } from '../../base/text';
import type { Layer } from '../structure';

/** A module, or a layer's own inside, as a place from which names are looked up. */
export interface Place {
  readonly segments: readonly string[];
  readonly parent: Place | undefined;
  /** What stands before a name in it: `encoder.layer.0.`, `encoder.layer.0.query:`; '' at the root. */
  readonly prefix: string;
  /** What stands between this place and a name in it: a dot, or the colon of a layer's inner values. */
  readonly joint: '.' | ':';
  /** First words of the names that stand in it. */
  readonly words: Set<string>;
  /** Inside a layer: how many values are counted there, from `1` on. */
  counted: number;
}

/** Where a layer or value stands, and its own word there. */
export interface Path {
  readonly place: Place;
  readonly last: string;
}

/** Longer words lose their middle; of longer paths the rest is one word. */
const longestWord = 80;
const mostWords = 12;

/** A name as it stands in the text: one word, without the signs that the text itself uses. */
function word(segment: string): string {
  return printable(segment, longestWord).replace(/[\s%#"'`,=()[\]{}<>]/g, '_');
}

/** A dotted name as words. A hostile name of thousands of dots becomes a few long words. */
function wordsOf(name: string): string[] {
  const segments = pathSegments(name);
  const kept =
    segments.length > mostWords
      ? [...segments.slice(0, mostWords - 1), segments.slice(mostWords - 1).join('.')]
      : segments;
  return kept.length > 0 ? kept.map(word) : ['_'];
}

/** Paths of names; equal places are one object. */
export class Paths {
  readonly root: Place = {
    segments: [],
    parent: undefined,
    prefix: '',
    joint: '.',
    words: new Set(),
    counted: 0,
  };
  private readonly modules = new Map<string, Place>();
  private readonly known = new Map<Layer, Path & { readonly inner: Place }>();

  of(name: string): Path {
    const words = wordsOf(name);
    return { place: this.module(words.slice(0, -1)), last: words.at(-1) ?? '_' };
  }

  /** `inner` is where the values stand that only the layer itself is likely to read. */
  ofLayer(layer: Layer): Path & { readonly inner: Place } {
    const known = this.known.get(layer);
    if (known) return known;
    const { place, last } = this.of(layer.id);
    const path = { place, last, inner: inside(place, last, ':') };
    this.known.set(layer, path);
    return path;
  }

  /** The module that a layer would be if it held others: the home of its weights. */
  within({ place, last }: Path): Place {
    return this.module([...place.segments, last]);
  }

  private module(segments: readonly string[]): Place {
    const last = segments.at(-1);
    if (last === undefined) return this.root;
    const key = segments.join('.');
    const known = this.modules.get(key);
    if (known) return known;
    const made = inside(this.module(segments.slice(0, -1)), last, '.');
    this.modules.set(key, made);
    return made;
  }
}

function inside(parent: Place, word: string, joint: Place['joint']): Place {
  parent.words.add(word);
  return {
    segments: [...parent.segments, word],
    parent,
    prefix: `${parent.prefix}${word}${joint}`,
    joint,
    words: new Set(),
    counted: 0,
  };
}
