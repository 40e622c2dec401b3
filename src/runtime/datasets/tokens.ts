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

/** Turns texts into tokens. */
export interface Tokenize {
  /** The id of a token by its name; undefined where the vocabulary has none. */
  idOf(token: string): number | undefined;
  /** A text, or a pair of texts. */
  (text: string, pair: string | undefined): Tokens;
  /** A text that comes in words, and for each token the word that begins with it, −1 where none does. Throws `badInput` where words cannot be told. */
  words(words: readonly string[], where: string): Tokens & { readonly firsts: readonly number[] };
}

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
  const tokenize = (text: string, pair: string | undefined): Tokens => {
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
  const words = (all: readonly string[], where: string) => {
    const tokens = tokenize(all.join(' '), undefined);
    // Some tokenizers write a word that follows another with its space.
    const ways = [(word: string) => word, (word: string, at: number) => (at ? ` ${word}` : word)];
    for (const way of ways) {
      const firsts = firstTokens(
        tokens.ids,
        all.map(way).map(plain),
        encoder.encode(all.join(' ')).ids,
      );
      if (firsts) return { ...tokens, firsts };
    }
    throw new UserError(
      'badInput',
      `The words of ${where} cannot be told apart in the tokens that the tokenizer.json makes of them.`,
      'Give a text, and a label for each of its tokens.',
    );
  };
  const idOf = (token: string) => encoder.token_to_id(token) ?? undefined;
  return Object.assign(tokenize, { words, idOf });
}

/** For each of `ids`, which are the beginning of `whole` but for what closes it, the word whose pieces begin there; undefined where the pieces are not in it, one after the other. */
function firstTokens(
  ids: readonly number[],
  pieces: readonly (readonly number[])[],
  whole: readonly number[],
): readonly number[] | undefined {
  const start = placeOf(whole, pieces.flat(), 0);
  if (start < 0) return undefined;
  const firsts = ids.map(() => -1);
  // Of a text that was cut, what was dropped stood before its closing token.
  const end = ids.length - (whole.length - start - pieces.flat().length);
  let at = start;
  for (const [word, { length }] of pieces.entries()) {
    if (at < end && length > 0) firsts[at] = word;
    at += length;
  }
  return firsts;
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
