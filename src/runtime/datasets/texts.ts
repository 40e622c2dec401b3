import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import type { Label } from '../labels';
import { type Dataset, datasetOf, range } from './dataset';
import { type ClassNumbers, labelNames, listLabelling, listNames } from './labels';
import { checkValues, type ModelInputs } from './model';
import type { TextRecord, TextRecords } from './records';
import { type DecoderStart, targetsOf } from './targets';
import { feedsOf, inputOf, inputsFromText } from './textInputs';
import type { Tokenize, Tokens } from './tokens';

/** Names under which data sets carry their text and second text; the first that is there counts. */
export const textNames = {
  text: ['text', 'sentence', 'sentence1', 'premise', 'question', 'prompt', 'content'],
  pair: ['text_pair', 'sentence2', 'hypothesis', 'context'],
  words: ['words', 'tokens'],
};

/** A sample by the names of its fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Samples with named fields, read when somebody asks. */
export interface FieldSource {
  readonly count: number;
  at(places: readonly number[]): readonly { readonly fields: Fields; readonly line: number }[];
}

export interface TextOptions {
  readonly name: string;
  readonly tokenize: Tokenize;
  readonly classes: ClassNumbers | undefined;
  /** The field of the label, where it is not one of the usual names. */
  readonly label: string | undefined;
  /** What a decoder begins with. Throws `badInput` where that is not known. */
  readonly decoderStart: () => DecoderStart;
}

/** One JSON object a line. Throws `badInput`, also when a line is asked for that is none. */
export function jsonLines(records: TextRecords, name: string): FieldSource {
  return {
    count: records.count,
    at: (places) =>
      records.at(places).map((record) => ({ line: record.line, fields: objectIn(record, name) })),
  };
}

function objectIn({ line, text }: TextRecord, name: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (value && typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  } catch {
    // Told below, with the place.
  }
  throw new UserError('badInput', `There is no JSON object in line ${line} of ${name}.`);
}

/** A sample, tokenised. */
interface Sample {
  readonly text: Tokens;
  /** What a decoder is fed besides. */
  readonly target: Tokens | undefined;
  readonly label: Label | undefined;
}

/**
 * Raw texts, tokenised for the model's inputs when they are asked for and remembered. Throws `badInput` for samples without text, and for
 * inputs that cannot be made from texts.
 */
export function textDataset(
  source: FieldSource,
  model: ModelInputs,
  { name, tokenize, classes, label, decoderStart }: TextOptions,
): Dataset {
  if (source.count === 0) throw new UserError('badInput', `${name} has no lines.`);
  const wanted = inputsFromText(model, name);
  const targets = targetsOf(wanted, { tokenize, decoderStart });
  const labelOf = (fields: Fields) =>
    targets ? undefined : pick(fields, label === undefined ? freeNames(model) : [label]);
  const labels = labellingOf(source, labelOf, classes, name);
  const known = new Map<number, Sample>();
  const samplesAt = (places: readonly number[]) => {
    const open = places.filter((place) => !known.has(place));
    for (const [at, { fields, line }] of source.at(open).entries()) {
      const where = `Line ${line} of ${name}`;
      const read = readIn(fields, tokenize, where);
      const own = aligned(labels.of(labelOf(fields), where), read, where);
      const { target, label = own } = targets?.of(fields, where) ?? { target: undefined };
      known.set(open[at] ?? 0, { text: read.tokens, target, label });
    }
    return places.flatMap((place) => known.get(place) ?? []);
  };
  // What is wrong with all of them is wrong with the first.
  samplesAt([0]);
  return datasetOf({
    ...{ name, kind: 'texts', count: source.count },
    assumed: [...labels.assumed, ...(targets?.assumed ?? [])],
    atOnce: wanted.map(({ spec }) => spec.shape?.[0]).find((size) => typeof size === 'number'),
    maskInput: inputOf(wanted, 'mask', 'text'),
    lengthInput: inputOf(wanted, 'ids', 'text'),
    lengths: (places) => samplesAt(places).map(({ text }) => text.ids.length),
    decoder: {
      input: inputOf(wanted, 'ids', 'target'),
      lengths: (places) => samplesAt(places).map(({ target }) => target?.ids.length ?? 0),
    },
    labels: (places) => whole(samplesAt(places).map((sample) => sample.label)),
    feeds: (places) => {
      const feeds = feedsOf(wanted, samplesAt(places));
      checkValues(model, feeds, name);
      return feeds;
    },
  });
}

/** Names of labels that are no inputs of the model. */
const freeNames = ({ specs }: ModelInputs) =>
  [...labelNames, ...listNames].filter((label) => !specs.some((spec) => spec.name === label));

function labellingOf(
  source: FieldSource,
  labelOf: (fields: Fields) => unknown,
  classes: ClassNumbers | undefined,
  name: string,
): ReturnType<typeof listLabelling> {
  function* all() {
    const step = 1024;
    for (let from = 0; from < source.count; from += step) {
      const places = range(from, Math.min(source.count, from + step));
      for (const { fields } of source.at(places)) yield labelOf(fields);
    }
  }
  const [first] = source.at([0]);
  return listLabelling(first && labelOf(first.fields), all, classes, name);
}

/** A sample's tokens and, where its text came in words, the word that begins with each, −1 where none does. */
interface ReadText {
  readonly tokens: Tokens;
  readonly words?: { readonly count: number; readonly firsts: readonly number[] };
}

function readIn(fields: Fields, tokenize: Tokenize, where: string): ReadText {
  const words = pick(fields, textNames.words);
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) {
    const { firsts, ...tokens } = tokenize.words(words, where);
    return { tokens, words: { count: words.length, firsts } };
  }
  const { text, pair } = textIn(fields, where);
  return { tokens: tokenize(text, pair) };
}

/** Labels of words stand at the words' first tokens; those of a text are one for each of its tokens. */
function aligned(label: Label | undefined, { tokens, words }: ReadText, where: string) {
  if (!isList(label)) return label;
  const wanted = words?.count ?? tokens.ids.length;
  if (label.length === wanted) {
    return words ? words.firsts.map((word) => label[word] ?? ignored) : label;
  }
  const what = words ? 'words' : 'tokens, those that stand for no text included';
  throw new UserError(
    'badInput',
    `${where} has ${label.length} labels for ${wanted} ${what}.`,
    'Give a label for each token of the text, or “words” and a label for each of them.',
  );
}

const isList = (label: Label | undefined): label is readonly number[] => Array.isArray(label);

/** What PyTorch writes at positions without a class. */
const ignored = -100;

function textIn(fields: Fields, where: string): { text: string; pair: string | undefined } {
  const [text, pair] = [textNames.text, textNames.pair].map((names) => {
    const key = names.find((each) => fields[each] !== undefined && fields[each] !== null);
    const found = key === undefined ? undefined : fields[key];
    if (found === undefined || typeof found === 'string') return found;
    throw new UserError(
      'badInput',
      `${where} has ${quoted(JSON.stringify(found))} as its ${key}; a text is expected.`,
    );
  });
  if (text !== undefined) return { text, pair };
  throw new UserError(
    'badInput',
    `${where} has no text: one of ${textNames.text.join(', ')} is expected, or words as a list.`,
  );
}

const pick = (fields: Fields, names: readonly string[]) =>
  names.map((key) => fields[key]).find((found) => found !== undefined && found !== null);

const whole = (labels: readonly (Label | undefined)[]) =>
  labels.every((label) => label !== undefined) ? labels : undefined;
