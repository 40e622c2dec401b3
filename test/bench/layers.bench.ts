import { existsSync } from 'node:fs';
import { Models } from '../../src/engine/models';
import { inspect } from '../../src/engine/inspect';
import { indexGraph } from '../../src/onnx/graph';
import type { Model } from '../../src/onnx/model';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { buildStructure } from '../../src/structure/build';
import { countCost } from '../../src/cost/count';
import { printModel } from '../../src/structure/print';
import { decoder } from './decoder';
import { judge, milliseconds, threadTime } from './judge';

/**
 * From a model's graph to its layer table and to its text, for graphs of thousands of nodes. Each is timed once, in the state in which
 * a fresh engine meets it; the baseline is what reading, or walking, the same graph takes in this run.
 */
const skeleton = '../shared/models/skeletons/llama-8b/model.onnx';
const tableLimit = 1000;
const textLimit = 200;

if (existsSync(skeleton)) fromFile(skeleton);
else console.log('– the 8-billion-parameter skeleton: skipped, it is not there');
inCode(decoder({ blocks: 247, hidden: 64, forward: 256, heads: 4 }));

function fromFile(file: string): void {
  const models = new Models();
  const reading = threadTime(() => models.open(file));
  const { index } = models.open(file);
  const table = threadTime(() => inspect(models.sized(file, {})));
  const name = `${index.entries.length}-node skeleton`;
  judgeTable(name, table, `reading the file, ${milliseconds(reading)}`);
  const { structure, shapes } = models.sized(file, {});
  judgeText(name, () => printModel(structure, shapes));
}

function inCode(model: Model): void {
  let index = indexGraph(model);
  const indexing = threadTime(() => (index = indexGraph(model)));
  const build = () => {
    const shapes = inferShapes(index, resolveSizes(model, {}));
    const structure = buildStructure(index, shapes);
    return { structure, shapes, cost: countCost(structure, shapes) };
  };
  const name = `${index.entries.length} nodes made in code`;
  judgeTable(name, threadTime(build), `indexing the graph, ${milliseconds(indexing)}`);
  const { structure, shapes } = build();
  judgeText(name, () => printModel(structure, shapes));
}

function judgeTable(name: string, value: number, baseline: string): void {
  judge({ what: `layer table, ${name}`, value, limit: tableLimit, format: milliseconds, baseline });
}

function judgeText(name: string, print: () => void): void {
  const value = threadTime(print);
  const again = threadTime(print);
  const baseline = `printed a second time, ${milliseconds(again)}`;
  judge({ what: `text, ${name}`, value, limit: textLimit, format: milliseconds, baseline });
}
