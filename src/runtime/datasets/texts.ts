import { Tokenizer } from '@huggingface/tokenizers';
import { messageOf, UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import { isArrayType, tensorOf } from '../arrays';
import { describeSpec, type InputSpec } from '../inputs';
import type { Feeds, RunTensor } from '../runner';
import { type Dataset, datasetOf } from './dataset';

/** One line of a `.jsonl` file. */
interface Sample {
  readonly text: string;
  readonly pair: string | undefined;
  readonly label: number | undefined;
}

/** Keys under which data sets carry their text, second text and class; the first that is there counts. */
const keys = {
  text: ['text', 'sentence', 'sentence1', 'premise', 'question', 'prompt', 'content'],
  pair: ['text_pair', 'sentence2', 'hypothesis', 'context'],
  label: ['label', 'labels', 'target', 'y'],
};

/** What a tokenised text has for an input, by the input's name. The first that matches counts. */
const sources: readonly {
  readonly match: RegExp;
  readonly of: (tokens: Tokens, at: number) => number;
}[] = [
  { match: /mask/i, of: (tokens, at) => (at < tokens.ids.length ? 1 : 0) },
  { match: /token_?type|segment/i, of: (tokens, at) => tokens.types[at] ?? 0 },
  { match: /position/i, of: (_, at) => at },
  { match: /(^|_)ids?$|tokens?$|^input/i, of: (tokens, at) => tokens.ids[at] ?? tokens.padding },
];

interface Tokens {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly padding: number;
}

/** Everything about tokenising that a `tokenizer.json` says beside its vocabulary. */
interface TokenizerFile {
  readonly truncation?: { readonly max_length?: number } | null;
  readonly padding?: { readonly pad_id?: number } | null;
}

/**
 * Raw texts, one JSON object per line with `text` (and `label`), tokenised for the model's inputs. `longest` is how many tokens the model
 * can take. Throws `badInput` for lines, tokenizers and inputs that do not fit.
 */
export function textDataset(
  lines: string,
  tokenizerJson: string,
  specs: readonly InputSpec[],
  options: {
    readonly name: string;
    readonly optional: ReadonlySet<string>;
    readonly longest: number | undefined;
  },
): Dataset {
  const { name } = options;
  const samples = parseLines(lines, name);
  const wanted = inputsFromText(specs, options.optional, name);
  const tokenize = tokenizer(tokenizerJson, options.longest, name);
  const known = new Map<number, Tokens>();
  const tokensAt = (at: number) => {
    const tokens =
      known.get(at) ?? tokenize(samples[at] ?? { text: '', pair: undefined, label: undefined });
    known.set(at, tokens);
    return tokens;
  };
  return datasetOf({
    name,
    count: samples.length,
    atOnce: wanted.map(({ spec }) => spec.shape?.[0]).find((size) => typeof size === 'number'),
    lengths: () => samples.map((_, at) => tokensAt(at).ids.length),
    select: (places) => {
      const labels = places.flatMap((at) => samples[at]?.label ?? []);
      return {
        feeds: feedsOf(wanted, places.map(tokensAt)),
        labels: labels.length === places.length ? labels : undefined,
      };
    },
  });
}

function parseLines(lines: string, name: string): Sample[] {
  const samples = lines.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const value = parseLine(line, `line ${index + 1} of ${name}`);
    const text = pick(value, keys.text);
    if (typeof text !== 'string') {
      throw new UserError(
        'badInput',
        `Line ${index + 1} of ${name} has no text: one of ${keys.text.join(', ')} is expected.`,
      );
    }
    const pair = pick(value, keys.pair);
    const label = pick(value, keys.label);
    return [
      {
        text,
        pair: typeof pair === 'string' ? pair : undefined,
        label: typeof label === 'number' || typeof label === 'boolean' ? Number(label) : undefined,
      },
    ];
  });
  if (samples.length === 0) throw new UserError('badInput', `${name} has no lines.`);
  return samples;
}

function parseLine(line: string, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (value && typeof value === 'object') return value as Record<string, unknown>;
  } catch {
    // Told below, with the place.
  }
  throw new UserError('badInput', `There is no JSON object in ${where}.`);
}

const pick = (value: Record<string, unknown>, names: readonly string[]) =>
  names.map((key) => value[key]).find((found) => found !== undefined);

interface Wanted {
  readonly spec: InputSpec;
  readonly of: (tokens: Tokens, at: number) => number;
}

function inputsFromText(
  specs: readonly InputSpec[],
  optional: ReadonlySet<string>,
  name: string,
): Wanted[] {
  return specs.flatMap((spec) => {
    const source = sources.find(({ match }) => match.test(spec.name));
    const isSequence = spec.shape === undefined || spec.shape.length === 2;
    const isWhole = /^u?int/.test(spec.dtype) || /mask/i.test(spec.name);
    // A decoder's own inputs are not the text.
    if (source && isSequence && isWhole && !/decoder/i.test(spec.name))
      return [{ spec, of: source.of }];
    if (optional.has(spec.name)) return [];
    throw new UserError(
      'badInput',
      `The input ${quoted(spec.name)} (${describeSpec(spec)}) cannot be made from the texts of ${name}.`,
      'Give the inputs as arrays in an .npz file.',
    );
  });
}

function tokenizer(
  json: string,
  longest: number | undefined,
  name: string,
): (sample: Sample) => Tokens {
  const { file, encoder } = loadTokenizer(json, name);
  const limit = Math.min(file.truncation?.max_length ?? Infinity, longest ?? Infinity);
  const padding =
    file.padding?.pad_id ?? encoder.token_to_id('[PAD]') ?? encoder.token_to_id('<pad>') ?? 0;
  return ({ text, pair }) => {
    const { ids, token_type_ids: types } = encoder.encode(text, {
      text_pair: pair ?? null,
      return_token_type_ids: true,
    });
    return { ids: cut(ids, limit), types: cut(types ?? [], limit), padding };
  };
}

function loadTokenizer(json: string, name: string): { file: TokenizerFile; encoder: Tokenizer } {
  try {
    const file = JSON.parse(json) as TokenizerFile;
    return { file, encoder: new Tokenizer(file, {}) };
  } catch (error) {
    throw new UserError(
      'badInput',
      `The tokenizer.json for ${name} cannot be used: ${messageOf(error)}.`,
    );
  }
}

/** Too long a text keeps its closing token. */
function cut(values: readonly number[], limit: number): readonly number[] {
  return values.length <= limit ? values : [...values.slice(0, limit - 1), ...values.slice(-1)];
}

function feedsOf(wanted: readonly Wanted[], batch: readonly Tokens[]): Feeds {
  const longest = Math.max(1, ...batch.map(({ ids }) => ids.length));
  return Object.fromEntries(
    wanted.map(({ spec, of }) => [spec.name, columnOf(spec, of, batch, longest)]),
  );
}

function columnOf(
  spec: InputSpec,
  of: Wanted['of'],
  batch: readonly Tokens[],
  longest: number,
): RunTensor {
  const fixed = spec.shape?.[1];
  const width = typeof fixed === 'number' ? fixed : longest;
  const dtype = isArrayType(spec.dtype) ? spec.dtype : 'int64';
  const values = batch.flatMap((tokens) =>
    Array.from({ length: width }, (_, at) => of(tokens, at)),
  );
  return tensorOf(dtype, [batch.length, width], values);
}
