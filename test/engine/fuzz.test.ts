import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCost } from '../../src/cost/count';
import { indexGraph } from '../../src/onnx/graph';
import { inlineFunctions } from '../../src/onnx/inline';
import { sortNodes } from '../../src/onnx/order';
import { readModel } from '../../src/onnx/read';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { buildStructure } from '../../src/structure/build';
import { printModel } from '../../src/structure/print';
import { attempt, mutatedFiles, seeds, strictSource } from '../support/mutate';

const files = 1500;

/** All that is made of a model without running it. */
function inspectBytes(bytes: Uint8Array): string {
  const open = () => strictSource(new Uint8Array(64));
  const index = indexGraph(sortNodes(inlineFunctions(readModel(strictSource(bytes)))));
  const shapes = inferShapes(index, { ...resolveSizes(index.model, {}), open });
  const structure = buildStructure(index, shapes, open);
  countCost(structure, shapes);
  return printModel(structure, shapes).text;
}

test(`${files} broken models are inspected, or refused in the user's words`, (context) => {
  let inspected = 0;
  for (const bytes of mutatedFiles(seeds(), files, 99)) {
    if (attempt(() => inspectBytes(bytes)) !== undefined) inspected++;
  }
  context.diagnostic(`${inspected} of ${files} could still be inspected`);
  assert.ok(inspected > files / 30 && inspected < files);
});
