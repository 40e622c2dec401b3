import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { noProgress } from '../../src/base/progress';
import { normal, seededRandom } from '../../src/base/random';
import { Models, type SizedModel } from '../../src/engine/models';
import { applyEdits, type Edit } from '../../src/onnx/edit';
import type { Model } from '../../src/onnx/model';
import type { Calibration } from '../../src/runtime/calibration';
import { metrics } from '../../src/sensitivity/metrics/index';
import { sweep, type SweepRow, type SweepTask } from '../../src/sensitivity/sweep';
import { aModel, aNode, aTensor, aValue, modelBytes } from './build';

/** A model that was made in code, as a file of its own until the test is over. */
export function sizedModel(t: TestContext, model: Model): SizedModel {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-made-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'model.onnx');
  writeFileSync(file, modelBytes(model));
  return new Models().sized(file, {});
}

/** Scores every change by the squared error of the model's first output. */
export async function sweptTasks(
  { index, external }: SizedModel,
  tasks: readonly SweepTask[],
  data: Calibration,
): Promise<SweepRow[]> {
  const output = index.model.graph.outputs[0]!.name;
  const rows: SweepRow[] = [];
  await sweep({
    ...{ index, tasks, data, memory: 1e9, open: external.open },
    score: (a, b, batch) =>
      metrics.nmse.score({
        ...{ reference: a[output]!, candidate: b[output]!, batch, reading: 'values' },
      }),
    finished: (row) => rows.push(row),
    ...{ signal: undefined, progress: noProgress },
  });
  return rows;
}

/** The same scores from running the whole model, with and without the edits. */
export async function wholeScores(
  { index }: SizedModel,
  edits: readonly Edit[],
  data: Calibration,
): Promise<number[]> {
  const output = index.model.graph.outputs[0]!.name;
  const sessions = await Promise.all(
    [index.model, applyEdits(index, edits)].map((model) => data.load(model, { optimize: 'basic' })),
  );
  const scores: number[] = [];
  for (const batch of data.batches()) {
    const [reference, candidate] = await Promise.all(
      sessions.map(async (session) => (await session.run(batch.feeds, [output])).outputs[output]!),
    );
    scores.push(
      ...metrics.nmse.score({
        ...{ reference: reference!, candidate: candidate!, batch, reading: 'values' },
      }),
    );
  }
  for (const session of sessions) await session.release();
  return scores;
}

/** Width of the stream of `feedForwards`. */
export const streamWidth = 16;

/**
 * Feed-forwards [batch, 3, 16] one after the other, which add to a stream: with norms before the branches, with norms behind the sums, or
 * with a stream that is multiplied with a weight on its way.
 */
export function feedForwards(norm: 'pre' | 'post' | 'projected', count = 3): Model {
  const inner = 32;
  const random = seededRandom(5);
  const floats = (name: string, shape: readonly number[], spread: number, middle = 0) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => middle + spread * normal(random));
    return aTensor(name, 'float32', shape, values);
  };
  const blocks = Array.from({ length: count }, (_, at) => {
    const [from, to] = [at === 0 ? 'x' : `h${at}`, at === count - 1 ? 'y' : `h${at + 1}`];
    const b = `b${at}.`;
    const normed = (input: string, output: string) =>
      aNode('LayerNormalization', [input, `${b}scale`, `${b}shift`], [output]);
    const branch = (input: string, output: string) => [
      aNode('MatMul', [input, `${b}up`], [`${b}raised`]),
      aNode('Relu', [`${b}raised`], [`${b}active`]),
      aNode('MatMul', [`${b}active`, `${b}down`], [output]),
    ];
    const nodes = {
      pre: [
        normed(from, `${b}normed`),
        ...branch(`${b}normed`, `${b}added`),
        aNode('Add', [from, `${b}added`], [to]),
      ],
      post: [
        ...branch(from, `${b}added`),
        aNode('Add', [from, `${b}added`], [`${b}sum`]),
        normed(`${b}sum`, to),
      ],
      projected: [
        ...branch(from, `${b}added`),
        aNode('MatMul', [from, `${b}across`], [`${b}projected`]),
        aNode('Add', [`${b}projected`, `${b}added`], [to]),
      ],
    }[norm];
    const norms = [
      floats(`${b}scale`, [streamWidth], 0.1, 1),
      floats(`${b}shift`, [streamWidth], 0.1),
    ];
    const initializers = [
      floats(`${b}up`, [streamWidth, inner], 0.3),
      floats(`${b}down`, [inner, streamWidth], 0.2),
      ...(norm === 'projected' ? [floats(`${b}across`, [streamWidth, streamWidth], 0.2)] : norms),
    ];
    return { nodes, initializers };
  });
  return aModel({
    inputs: [aValue('x', 'float32', ['batch', 3, streamWidth])],
    outputs: [aValue('y', 'float32', ['batch', 3, streamWidth])],
    nodes: blocks.flatMap(({ nodes }) => nodes),
    initializers: blocks.flatMap(({ initializers }) => initializers),
  });
}
