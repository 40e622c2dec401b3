import { basename } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { formatBytes } from '../base/format';
import { checkModel } from '../onnx/check';
import type { Model } from '../onnx/model';
import type { Tried } from '../protocol/build';
import type { Runner, SessionOptions } from '../runtime/runner';
import type { SizedModel } from './models';
import { loadRunner } from './runtime';
import { skeletonOf } from './skeleton';

/**
 * The runtime copies and rearranges weights while it loads. Above this, in bytes of the whole model, it is given the model without them,
 * so that a model of any size is built in the memory of a small one.
 */
const mostLoaded = 300e6;

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
  const runner = await loadRunner();
  if (written.bytes > mostLoaded && (await loadsWithoutWeights(runner, written.file))) {
    const size = formatBytes(written.bytes);
    const note = `At ${size} the runtime was given it without its weights: operators, types and shapes fit.`;
    return { tried: 'parsed', notes: [note] };
  }
  const failure = await failureOf(runner, written.file, whole);
  if (failure === undefined) return { tried: 'loaded', notes: [] };
  const original = await failureOf(runner, source.file, { ...whole, optimize: 'none' });
  if (original === undefined) throw refused(failure);
  return {
    tried: 'not',
    notes: [`ONNX Runtime does not load the original here either: ${original}`],
  };
}

const whole: SessionOptions = { threads: 1, provider: 'cpu', arena: false, optimize: 'all' };

/** Whether the runtime takes the model with inputs for weights; some kernels insist on constants, and say nothing then. */
async function loadsWithoutWeights(runner: Runner, file: string): Promise<boolean> {
  const options: SessionOptions = { ...whole, optimize: 'none', name: basename(file) };
  return (await failureOf(runner, skeletonOf(file), options)) === undefined;
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
  model: string | Uint8Array,
  options: SessionOptions,
): Promise<string | undefined> {
  try {
    const session = await runner.load(model, options);
    await session.release();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
