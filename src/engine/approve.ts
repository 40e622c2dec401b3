import { statSync } from 'node:fs';
import { messageOf, UserError } from '../base/errors';
import { formatBytes } from '../base/format';
import { checkModel } from '../onnx/check';
import type { Model } from '../onnx/model';
import type { Tried } from '../protocol/build';
import type { Runner, SessionOptions } from '../runtime/runner';
import type { SizedModel } from './models';
import { loadRunner } from './runtime';

/**
 * The runtime copies and rearranges weights while it loads: above this, in bytes of the whole model, it only maps them, so that a model
 * of any size is built in the memory of a small one.
 */
const mostCopied = 300e6;

export interface Written {
  readonly model: Model;
  readonly file: string;
  /** Of all its files. */
  readonly bytes: number;
}

/**
 * Tries a model that was written, before it gets its name. Throws `runtime` with the reason where it is not well-formed or does not
 * load, unless the original does not load here either.
 */
export async function approve(
  source: SizedModel,
  written: Written,
): Promise<{ tried: Tried; notes: string[] }> {
  const [problem] = checkModel(written.model).filter(({ severity }) => severity === 'error');
  const [before] = checkModel(source.model).filter(({ severity }) => severity === 'error');
  if (problem && !before) throw refused(problem.message);
  const large = written.bytes > mostCopied;
  const runner = await loadRunner();
  const options: SessionOptions = {
    ...{ threads: 1, provider: 'cpu', arena: false },
    ...(large ? { optimize: 'none', prepack: false } : { optimize: 'all' }),
  };
  const failure = await failureOf(runner, written.file, options);
  if (failure === undefined) {
    const own = statSync(written.file).size;
    const note = `At ${formatBytes(written.bytes)} it was loaded without optimisations: operators, types and shapes fit.`;
    return { tried: large ? 'parsed' : 'loaded', notes: large && own > 0 ? [note] : [] };
  }
  const original = await failureOf(runner, source.file, { ...options, optimize: 'none' });
  if (original === undefined) throw refused(failure);
  return {
    tried: 'not',
    notes: [`ONNX Runtime does not load the original here either: ${original}`],
  };
}

function refused(why: string): UserError {
  return new UserError(
    'runtime',
    `The model that was built cannot be used, so it was not kept: ${why}`,
    'Leave the layer that is named out, and report this: it is a mistake in Featherweight.',
  );
}

async function failureOf(
  runner: Runner,
  file: string,
  options: SessionOptions,
): Promise<string | undefined> {
  try {
    const session = await runner.load(file, options);
    await session.release();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
