import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { memorySource } from '../../../src/base/bytes';
import { seededRandom } from '../../../src/base/random';
import { followActivations } from '../../../src/cost/activations';
import { nodeMacs } from '../../../src/cost/macs';
import { runsOf } from '../../../src/cost/runs';
import { indexGraph } from '../../../src/onnx/graph';
import type { Attribute, Model, Node } from '../../../src/onnx/model';
import { readModel } from '../../../src/onnx/read';
import { inferShapes } from '../../../src/onnx/shapes/infer';
import { modelsFolder } from '../../support/models';
import { tarFiles } from '../../support/tar';

const archive = resolve(modelsFolder, 'onnx-backend', 'models.tar.gz');
const skip = existsSync(archive) ? false : "no archive of ONNX's backend tests";

const random = seededRandom(25);
const oneOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
const extremes = [0n, -1n, 1n, 7n, -(2n ** 63n), 2n ** 63n - 1n, 100_000n];

function brokenAttribute(attribute: Attribute): Attribute {
  if (attribute.kind === 'int') return { ...attribute, value: oneOf(extremes) ?? 0n };
  if (attribute.kind === 'ints') {
    const value = attribute.value
      .slice(random() < 0.3 ? 1 : 0)
      .map((old) => (random() < 0.5 ? old : (oneOf(extremes) ?? old)));
    return { ...attribute, value };
  }
  return attribute;
}

/** A node with an input dropped, doubled or taken from elsewhere, other attributes, or another operator. */
function brokenNode(node: Node, ops: readonly Node[], names: readonly string[]): Node {
  const dice = random();
  if (dice < 0.3) return { ...node, inputs: node.inputs.slice(0, -1) };
  if (dice < 0.5)
    return {
      ...node,
      inputs: node.inputs.map((name) => (random() < 0.5 ? name : (oneOf(names) ?? name))),
    };
  if (dice < 0.6) return { ...node, inputs: [...node.inputs, ...node.inputs] };
  if (dice < 0.8) {
    const attributes = [...node.attributes].map(
      ([name, attribute]) => [name, brokenAttribute(attribute)] as const,
    );
    return { ...node, attributes: new Map(attributes) };
  }
  const other = oneOf(ops) ?? node;
  return { ...node, op: other.op, domain: other.domain };
}

function brokenModel(model: Model, ops: readonly Node[]): Model {
  const { graph } = model;
  const names = [...graph.inputs, ...graph.initializers].map((each) => each.name);
  for (const node of graph.nodes) names.push(...node.outputs);
  const nodes = graph.nodes.map((node) => (random() < 0.5 ? brokenNode(node, ops, names) : node));
  const inputs = graph.inputs.map((input) =>
    input.type?.kind === 'tensor' && random() < 0.2
      ? {
          ...input,
          type: {
            ...input.type,
            shape: input.type.shape?.map((dim) => (random() < 0.5 ? dim : Number(oneOf(extremes)))),
          },
        }
      : input,
  );
  return { ...model, graph: { ...graph, nodes, inputs } };
}

test('broken nodes are unknown, not an error', { skip }, (context) => {
  const models = [...tarFiles(archive)]
    .filter(({ name }) => name.endsWith('.onnx'))
    .map(({ name, content }) => readModel(memorySource(name, new Uint8Array(content))));
  const ops = models.flatMap((model) => model.graph.nodes.slice(0, 1));
  let [count, longest] = [0, 0];
  for (let round = 0; round < 1; round++) {
    for (const model of models) {
      const index = indexGraph(brokenModel(model, ops));
      const started = performance.now();
      const shapes = inferShapes(index, { sizes: new Map() });
      for (const entry of index.entries) {
        nodeMacs(entry, shapes);
        for (const name of entry.node.outputs) {
          const bad = shapes
            .typeOf(entry.scope, name)
            ?.shape?.some(
              (dim) => typeof dim === 'number' && !(dim >= 0 && Number.isSafeInteger(dim)),
            );
          assert.ok(!bad, `${entry.node.op} has a size that none can have`);
        }
      }
      runsOf(index, shapes);
      followActivations(index, shapes);
      longest = Math.max(longest, performance.now() - started);
      count++;
    }
  }
  context.diagnostic(`${count} models, the longest ${longest.toFixed(0)} ms`);
  assert.ok(longest < 2000);
});
