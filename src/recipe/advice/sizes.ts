import type { RecipeCheck } from '../../protocol/build';
import type { Step } from '../../protocol/recipe';
import { type Advice, mostProposals, type Proposal, type Remark } from './advice';

/** Holds steps against the model, as the engine's `checkRecipe` does. */
export type CheckSteps = (steps: readonly Step[]) => Promise<RecipeCheck>;

/** A proposal has to save this share of the file to be one, unless it is made for speed. */
const leastSaving = 0.05;

/**
 * The advice with the bytes that every proposal would leave, from the layers' own figures. Proposals that turn out to fit no layer of this
 * model, or next to none, move to what will not help, and one that leaves the
 * very bytes of another goes; those after them take their places.
 */
export async function withSizes(advice: Advice, check: CheckSteps): Promise<Advice> {
  const good: Proposal[] = [];
  const idle: Remark[] = [];
  const left = [...advice.proposals, ...advice.further];
  for (let next = left.shift(); next && good.length < mostProposals; next = left.shift()) {
    const found = next.steps.length > 0 ? await check(next.steps) : undefined;
    if (next.name === 'nothing' && good.length > 0) break;
    if (!found) good.push(next);
    else if (good.some(({ expected }) => expected.bytes?.after === found.after)) continue;
    else if (doesSomething(found, next)) good.push(sized(next, found));
    else idle.push({ title: next.title, why: reasonOf(found) });
  }
  return { ...advice, proposals: good, further: left, wontHelp: [...idle, ...advice.wontHelp] };
}

function sized(proposal: Proposal, { before, after }: RecipeCheck): Proposal {
  return { ...proposal, expected: { ...proposal.expected, bytes: { before, after } } };
}

/** Exact rewrites need not save bytes; everything else is proposed for what it makes of the weights. */
function doesSomething({ steps, before, after }: RecipeCheck, { name }: Proposal): boolean {
  if (steps.some(({ problem }) => problem !== null)) return false;
  return name === 'prepare'
    ? steps.some(({ layers }) => layers.length > 0)
    : before - after >= leastSaving * before;
}

function reasonOf({ steps }: RecipeCheck): string {
  const problem = steps.find((step) => step.problem !== null)?.problem;
  const refused = steps.flatMap(({ skipped }) => skipped)[0]?.why;
  return problem ?? refused ?? 'It finds next to nothing to do in this model.';
}
