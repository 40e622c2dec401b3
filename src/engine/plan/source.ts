import { join } from 'node:path';
import { isUserError } from '../../base/errors';
import { applySteps } from '../../build/apply';
import { isOfTime } from '../../build/plan/choices';
import type { GraphIndex } from '../../onnx/graph';
import type { Sizes } from '../../protocol/engineApi';
import type { PlanRequest } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import { payingPreparations } from '../../recipe/preparations';
import { Models, type SizedModel } from '../models';
import { saveModel } from '../saveModel';

/** What a plan decides on: the model as its exact preparations leave it. */
export interface PlanSource {
  readonly sized: SizedModel;
  /** Preparations that found something to do, for the recipe. */
  readonly steps: readonly Step[];
  /** Closes what was opened for it. */
  dispose(): void;
}

/** Scales for each channel, which convolutions in integers need, came with it. */
const neededOpset = '13';
/** Preparations may add so much of the file to a plan for its size. */
const mostGrowth = 0.001;

/** Makes the preparations that pay, unless the request is against them, and opens the result, written into `folder`. */
export async function planSource(
  original: SizedModel,
  request: PlanRequest,
  folder: string,
): Promise<PlanSource> {
  const asIs = { sized: original, steps: [], dispose: () => {} };
  if (request.prepare === false) return asIs;
  const { index, steps } = await prepared(original, request);
  if (steps.length === 0) return asIs;
  const file = join(folder, 'prepared.onnx');
  const models = new Models();
  saveModel(index.model, file, { open: original.external.open });
  const sized = models.sized(file, sizesOf(original));
  const grown = sized.bytes > original.bytes * (1 + mostGrowth) && !isOfTime(request.limit);
  if (!grown) return { sized, steps, dispose: () => models.dispose() };
  models.dispose();
  return asIs;
}

async function prepared(
  { index, external }: SizedModel,
  { limit }: PlanRequest,
): Promise<{ index: GraphIndex; steps: readonly Step[] }> {
  const hasConvolutions = index.entries.some(({ node }) => node.op === 'Conv');
  const isOld = (index.model.opsets.get('') ?? 0) < Number(neededOpset);
  const raise: Step = {
    action: 'convertOpset',
    targets: {},
    params: { version: neededOpset },
    note: 'Scales for each channel came with it.',
  };
  const wanted = [
    ...(isOld && (hasConvolutions || isOfTime(limit)) ? [raise] : []),
    ...payingPreparations,
  ];
  const steps: Step[] = [];
  let current = index;
  for (const step of wanted) {
    const applied = await attempted(current, step, external.open);
    if (!applied || applied.edits === 0) continue;
    current = applied.index;
    steps.push({ note: 'Exact: the answers stay what they are.', ...step });
  }
  return { index: current, steps };
}

/** A preparation that cannot be made of this model is left out. */
async function attempted(index: GraphIndex, step: Step, open: SizedModel['external']['open']) {
  try {
    const applied = await applySteps(index, [step], { open });
    return { index: applied.index, edits: applied.steps[0]?.edits ?? 0 };
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
}

/** The sizes that a model was opened for, for one with the same inputs. */
function sizesOf({ resolved }: SizedModel): Sizes {
  const dims = [...resolved.sizes].filter(([symbol]) => !symbol.includes('.'));
  return { dims: Object.fromEntries(dims) };
}
