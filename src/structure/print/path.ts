import { pathSegments, printable } from '../../base/text';
import type { Layer } from '../structure';

/** A module's dotted path, or a layer's own inside, made ready for looking names up from there. */
export interface Place {
  readonly segments: readonly string[];
  /** What stands before a name here and in each module around, innermost first; '' last. */
  readonly prefixes: readonly string[];
  /** What stands between this place and a name in it: a dot, or the colon of a layer's inner values. */
  readonly joint: '.' | ':';
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
  private readonly places = new Map<string, Place>();
  private readonly known = new Map<Layer, Path & { readonly inner: Place }>();
  readonly root: Place = this.module([]);

  of(name: string): Path {
    const words = wordsOf(name);
    return { place: this.module(words.slice(0, -1)), last: words.at(-1) ?? '_' };
  }

  /** `inner` is where the values stand that only the layer itself is likely to read. */
  ofLayer(layer: Layer): Path & { readonly inner: Place } {
    const known = this.known.get(layer);
    if (known) return known;
    const { place, last } = this.of(layer.id);
    const inner: Place = {
      segments: [...place.segments, last],
      prefixes: [`${place.prefixes[0] ?? ''}${last}:`, ...place.prefixes],
      joint: ':',
    };
    const path = { place, last, inner };
    this.known.set(layer, path);
    return path;
  }

  /** The module that a layer would be if it held others: the home of its weights. */
  within({ place, last }: Path): Place {
    return this.module([...place.segments, last]);
  }

  private module(segments: readonly string[]): Place {
    const key = segments.join('.');
    const known = this.places.get(key);
    if (known) return known;
    const prefixes = segments.map(
      (_, at) => `${segments.slice(0, segments.length - at).join('.')}.`,
    );
    const made: Place = { segments, prefixes: [...prefixes, ''], joint: '.' };
    this.places.set(key, made);
    return made;
  }
}
