import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors';
import type { Label } from '../labels';
import { wholeFile } from './files';
import type { TextInput } from './textInputs';
import type { Tokenize, Tokens } from './tokens';

/** Names under which data sets carry the text that an encoder–decoder writes; the first that is there counts. */
const targetNames = ['target', 'target_text', 'summary', 'translation', 'answer', 'label'];

/** The id that a decoder begins with, before it has written anything. */
export interface DecoderStart {
  readonly id: number;
  readonly assumed: readonly string[];
}

const longestConfig = 16e6;

/**
 * What a decoder begins with: by a `config.json` or `generation_config.json` of Hugging Face's form in one of these folders; else the
 * padding, where the tokenizer has no token to begin with, as T5's. Throws `badInput` where that is not known.
 */
export function decoderStartOf(
  folders: readonly string[],
  tokenize: Tokenize,
  name: string,
): DecoderStart {
  for (const folder of folders) {
    for (const config of ['config.json', 'generation_config.json']) {
      const id = startIn(join(folder, config), config);
      if (id !== undefined) return { id, assumed: [] };
    }
  }
  const padding = tokenize.idOf('<pad>');
  const hasOwn = ['<s>', '[CLS]', '<bos>'].some((token) => tokenize.idOf(token) !== undefined);
  if (padding !== undefined && !hasOwn) {
    return { id: padding, assumed: [`the decoder begins with <pad> (${padding}), as T5’s does`] };
  }
  throw new UserError(
    'badInput',
    `What the decoder begins with is not known for the texts of ${name}: no config.json has decoder_start_token_id.`,
    'Put the model’s config.json beside the data or beside the model.',
  );
}

function startIn(file: string, name: string): number | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const text = new TextDecoder().decode(wholeFile(file, name, longestConfig));
    const { decoder_start_token_id: id } = JSON.parse(text) as { decoder_start_token_id?: unknown };
    return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
  } catch (error) {
    if (error instanceof UserError) throw error;
    // Of a config.json that is none, nothing is known.
    return undefined;
  }
}

/** How what a decoder is fed and held to is read. */
export interface Targets {
  /** What the decoder is fed, and the token that it is to write at each position. Throws `badInput` for samples without a target. */
  of(fields: Readonly<Record<string, unknown>>, where: string): { target: Tokens; label: Label };
  readonly assumed: readonly string[];
}

/** Undefined for models without a decoder that is fed. The target is shifted by one place: each token is written knowing those before it. */
export function targetsOf(
  wanted: readonly TextInput[],
  {
    tokenize,
    decoderStart,
  }: { readonly tokenize: Tokenize; readonly decoderStart: () => DecoderStart },
): Targets | undefined {
  if (!wanted.some(({ side }) => side === 'target')) return undefined;
  const { id, assumed } = decoderStart();
  const of: Targets['of'] = (fields, where) => {
    const text = targetNames.map((key) => fields[key]).find((each) => typeof each === 'string');
    if (typeof text !== 'string') {
      throw new UserError(
        'badInput',
        `${where} has no target, the text that the model is to write: one of ${targetNames.join(', ')} is expected.`,
      );
    }
    const tokens = tokenize(text, undefined);
    const target = { ...tokens, ids: [id, ...tokens.ids.slice(0, -1)] };
    return { target, label: tokens.ids };
  };
  return { of, assumed };
}
