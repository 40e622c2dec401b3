import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { memorySource } from '../../../src/base/bytes';
import { indexGraph } from '../../../src/onnx/graph';
import type { Model, TensorType } from '../../../src/onnx/model';
import { readModel } from '../../../src/onnx/read';
import { inferShapes } from '../../../src/onnx/shapes/infer';
import { modelsFolder } from '../../support/models';
import { tarFiles } from '../../support/tar';

const archive = resolve(modelsFolder, 'onnx-backend', 'models.tar.gz');
const skip = existsSync(archive) ? false : "no archive of ONNX's backend tests";

/** What the file says of its results is the truth here, so inference must not see it. */
function withoutHints(model: Model): Model {
  const outputs = model.graph.outputs.map((output) => ({ ...output, type: undefined }));
  return { ...model, graph: { ...model.graph, values: [], outputs } };
}

type Verdict = 'whole' | 'part' | 'unknown' | 'wrong';

function judge(found: TensorType | undefined, truth: TensorType): Verdict {
  if (!found) return 'unknown';
  if (found.dtype !== truth.dtype) return 'wrong';
  if (!truth.shape) return 'whole';
  if (!found.shape) return 'unknown';
  if (found.shape.length !== truth.shape.length) return 'wrong';
  const pairs = found.shape.map((dim, i) => [dim, truth.shape?.[i]] as const);
  const differ = ([a, b]: readonly [unknown, unknown]) =>
    typeof a === 'number' && typeof b === 'number' && a !== b;
  if (pairs.some(differ)) return 'wrong';
  return pairs.some(([a, b]) => typeof b === 'number' && typeof a !== 'number') ? 'part' : 'whole';
}

test("the outputs that ONNX's backend models declare", { skip }, (context) => {
  const counts = { whole: 0, part: 0, unknown: 0, wrong: 0 };
  const wrong: string[] = [];
  for (const { name, content } of tarFiles(archive)) {
    if (!name.endsWith('.onnx')) continue;
    const model = readModel(memorySource(name, new Uint8Array(content)));
    const index = indexGraph(withoutHints(model));
    const shapes = inferShapes(index, { sizes: new Map() });
    if (!shapes.fits(index.main)) wrong.push(`${name} is taken for one that cannot run`);
    for (const output of model.graph.outputs) {
      if (output.type?.kind !== 'tensor') continue;
      const found = shapes.typeOf(index.main, output.name);
      const verdict = judge(found, output.type);
      counts[verdict]++;
      if (verdict === 'wrong') wrong.push(`${name}: ${output.name} ${JSON.stringify(found)}`);
    }
  }
  const total = counts.whole + counts.part + counts.unknown + counts.wrong;
  context.diagnostic(
    `${counts.whole} of ${total} outputs known, ${counts.part} in part, ${counts.unknown} not, ${wrong.length} wrong`,
  );
  assert.deepEqual(wrong, []);
  // The rest take their shape from an input that the test feeds.
  assert.ok(counts.whole >= 2086, `only ${counts.whole} outputs are known`);
});
