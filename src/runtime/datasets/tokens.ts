import { messageOf, UserError } from '../../base/errors';
import { loadTokenizers } from './lazy';

/** A text as the model reads it. */
export interface Tokens {
  readonly ids: readonly number[];
  /** 0 for the first text, 1 for the second. */
  readonly types: readonly number[];
  /** The id that stands for nothing. */
  readonly padding: number;
}

/** Turns a text, or a pair of texts, into tokens. */
export type Tokenize = (text: string, pair: string | undefined) => Tokens;

/** What a `tokenizer.json` says beside its vocabulary. */
interface TokenizerFile {
  readonly truncation?: { readonly max_length?: number } | null;
  readonly padding?: { readonly pad_id?: number } | null;
}

/**
 * A tokenizer from a `tokenizer.json` that cuts texts to what it and the model take: of a pair the longer text loses its end. `name` is the
 * data's, for messages. Throws `badInput` for a file that cannot be used.
 */
export function tokenizer(json: string, longest: number | undefined, name: string): Tokenize {
  const { file, encoder } = load(json, name);
  const limit = Math.min(file.truncation?.max_length ?? Infinity, longest ?? Infinity);
  const padding =
    file.padding?.pad_id ?? encoder.token_to_id('[PAD]') ?? encoder.token_to_id('<pad>') ?? 0;
  const plain = (text: string) => encoder.encode(text, { add_special_tokens: false }).ids;
  return (text, pair) => {
    const { ids, token_type_ids: types } = encoder.encode(text, {
      text_pair: pair ?? null,
      return_token_type_ids: true,
    });
    const whole = { ids, types: types ?? [], padding };
    if (ids.length <= limit) return whole;
    const parts = [plain(text), ...(pair === undefined ? [] : [plain(pair)])];
    const kept = keptPlaces(ids, parts, limit);
    const take = (values: readonly number[]) => kept.map((at) => values[at] ?? 0);
    return { ids: take(ids), types: take(whole.types), padding };
  };
}

function load(json: string, name: string) {
  try {
    const file = JSON.parse(json) as TokenizerFile;
    const { Tokenizer } = loadTokenizers();
    return { file, encoder: new Tokenizer(file, {}) };
  } catch (error) {
    const why = messageOf(error).replace(/\s+/g, ' ');
    throw new UserError('badInput', `The tokenizer.json for ${name} cannot be used: ${why}.`);
  }
}

/** Places of `ids` that stay when the ends of its `parts` are dropped, one token after the other from the part that is then the longest. */
function keptPlaces(
  ids: readonly number[],
  parts: readonly (readonly number[])[],
  limit: number,
): readonly number[] {
  const spans: { from: number; to: number }[] = [];
  for (const part of parts) {
    const from = placeOf(ids, part, spans.at(-1)?.to ?? 0);
    // Tokenizers that write a text differently inside a frame keep only their closing token.
    if (from < 0) return [...ids.keys()].filter((at) => at < limit - 1 || at === ids.length - 1);
    spans.push({ from, to: from + part.length });
  }
  const lengths = spans.map(({ from, to }) => to - from);
  for (let excess = ids.length - limit; excess > 0; excess--) {
    const longest = Math.max(...lengths);
    if (longest === 0) break;
    const which = lengths.lastIndexOf(longest);
    lengths[which] = longest - 1;
  }
  const isCut = (at: number) =>
    spans.some(({ from, to }, part) => at >= from + (lengths[part] ?? 0) && at < to);
  return [...ids.keys()].filter((at) => !isCut(at));
}

/** Where `part` stands in `ids` from `start` on; -1 where it does not. */
function placeOf(ids: readonly number[], part: readonly number[], start: number): number {
  for (let from = start; from + part.length <= ids.length; from++) {
    if (part.every((id, at) => ids[from + at] === id)) return from;
  }
  return -1;
}
