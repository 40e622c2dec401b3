import type { ActionFacts } from '../protocol/build';
import type { Step } from '../protocol/recipe';
import { shortTitle, stepWords } from './recipeWords';

/** Names of more schemes than this would make a file's name a list. */
const mostTags = 2;

/** What to call the result of some steps: `model.int8.onnx`, of two schemes `model.int8-4-bit.onnx`, of others `model.light.onnx`. */
export function resultName(
  model: string,
  steps: readonly Step[],
  actions: readonly ActionFacts[],
): string {
  const found = steps.flatMap((step) => {
    const facts = actions.find(({ name }) => name === step.action);
    return facts && facts.group !== 'prepare' ? [tagOf(stepWords(step, facts).title)] : [];
  });
  const distinct = [...new Set(found)];
  const tag = distinct.length > 0 && distinct.length <= mostTags ? distinct.join('-') : 'light';
  return `${model.replace(/\.onnx$/i, '')}.${tag}.onnx`;
}

function tagOf(title: string): string {
  return shortTitle(title)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
