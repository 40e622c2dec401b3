import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { actionFacts } from '../../src/engine/offers';
import type { Built, Quantized, RecipeCheck } from '../../src/protocol/build';
import type { Recipe } from '../../src/protocol/recipe';
import { parseRecipe } from '../../src/recipe/parse';
import { schemeNames, type SchemeName } from '../../src/recipe/schemes';
import { ortRunner } from '../../src/runtime/ort';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { npyFile } from '../support/npy';
import { featherweight } from './program';
import { schemaOf } from './schema';

const folder = mkdtempSync(join(tmpdir(), 'featherweight-build-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string) => join(folder, name);

const waves = (name: string, shape: readonly number[]) =>
  aTensor(
    name,
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 12.9898)),
  );

/** A table, two products and a convolution over the words. */
const model = place('model.onnx');
const [words, width] = [200, 64];
writeFileSync(
  model,
  modelBytes(
    aModel({
      inputs: [aValue('ids', 'int64', ['batch', 'sequence'])],
      outputs: [aValue('y', 'float32', ['batch', width, 'sequence'])],
      initializers: [
        waves('net.words.weight', [words, width]),
        waves('net.up.weight', [width, 4 * width]),
        waves('net.down.weight', [4 * width, width]),
        waves('net.conv.weight', [width, width, 1]),
      ],
      nodes: [
        aNode('Gather', ['net.words.weight', 'ids'], ['e'], {}, { name: '/net/words/Gather' }),
        aNode('MatMul', ['e', 'net.up.weight'], ['a'], {}, { name: '/net/up/MatMul' }),
        aNode('Relu', ['a'], ['b'], {}, { name: '/net/act/Relu' }),
        aNode('MatMul', ['b', 'net.down.weight'], ['c'], {}, { name: '/net/down/MatMul' }),
        aNode(
          'Transpose',
          ['c'],
          ['t'],
          { perm: { kind: 'ints', value: [0n, 2n, 1n] } },
          { name: '/net/Transpose' },
        ),
        aNode('Conv', ['t', 'net.conv.weight'], ['y'], {}, { name: '/net/conv/Conv' }),
      ],
    }),
  ),
);
const data = place('ids.npy');
const ids = BigInt64Array.from({ length: 24 * 8 }, (_, i) => BigInt((i * 37) % words));
writeFileSync(data, npyFile('<i8', [24, 8], new Uint8Array(ids.buffer)));

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await featherweight([...args, '--json']);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as T;
}

async function fails(args: readonly string[], message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await featherweight(args);
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^featherweight: [^\n]+\n$/);
  assert.match(stderr, message);
}

/** The largest share of the original that a scheme's file may take, of a model that is nearly all weights. */
const shares: Readonly<Record<SchemeName, number>> = {
  int8: 0.35,
  int4: 0.3,
  'int8-dynamic': 0.4,
  'int8-static': 0.35,
  'int8-weights': 0.4,
  int2: 0.25,
  nf4: 0.3,
  fp4: 0.3,
  fp16: 0.55,
  bf16: 0.55,
  'fp16-compute': 0.55,
  fixed: 0.4,
  binary: 0.2,
};

for (const scheme of schemeNames) {
  test(`quantize --scheme ${scheme} makes a smaller file that runs, and a sound recipe`, async () => {
    const out = place(`${scheme}.onnx`);
    const made = await json<Quantized>(
      ...['quantize', model, '--scheme', scheme, '--data', data, '-o', out],
    );
    const share = made.bytes / statSync(model).size;
    assert.ok(share <= shares[scheme], `${share}`);
    assert.equal(made.scheme, scheme);
    assert.equal(made.tried, 'loaded');
    const runner = ortRunner();
    const session = await runner.load(out, { threads: 1, provider: 'cpu', optimize: 'all' });
    await session.run({ ids: { dtype: 'int64', shape: [1, 8], data: ids.slice(0, 8) } });
    await session.release();
    const recipe = place(`${scheme}.featherweight.json`);
    assert.equal(made.recipe, recipe);
    const { recipe: parsed, problems } = parseRecipe(readFileSync(recipe, 'utf8'), actionFacts());
    assert.deepEqual(problems, []);
    assert.deepEqual(parsed?.measured, {
      bytes: { before: statSync(model).size, after: made.bytes },
    });
  });
}

/** A batch moved in float16 before a product of other rank: ONNX Runtime 1.30 ends its process over it on x86 (its issue 28392). */
const crashes = modelBytes(
  aModel(
    {
      inputs: [aValue('x', 'float16', ['n', 'batch', 8]), aValue('z', 'float32', ['n', width])],
      outputs: [aValue('y', 'float16', ['batch', 'n', 4]), aValue('v', 'float32', ['n', width])],
      initializers: [
        aTensor('half', 'float16', [8, 4], Float32Array.from({ length: 32 }, Math.cos)),
        waves('full', [width, width]),
      ],
      nodes: [
        aNode('Transpose', ['x'], ['t'], { perm: { kind: 'ints', value: [1n, 0n, 2n] } }),
        aNode('MatMul', ['t', 'half'], ['y']),
        aNode('MatMul', ['z', 'full'], ['v']),
      ],
    },
    { opsets: new Map([['', 17]]) },
  ),
);

test('a model that ends the runtime while it is tried is told of, and leaves nothing behind', async (t) => {
  if (process.arch !== 'x64') return t.skip('The runtime crashes on x86 only.');
  const here = mkdtempSync(join(folder, 'crash-'));
  const source = join(here, 'model.onnx');
  const before = join(here, 'light.onnx');
  writeFileSync(source, crashes);
  writeFileSync(before, 'as it was');
  const { code, stdout, stderr } = await featherweight([
    ...['quantize', source, '--scheme', 'int8-dynamic', '--overwrite', '-o', before],
  ]);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /The engine stopped while building from model\.onnx: .+ crashed .+\.\n$/);
  assert.deepEqual(readdirSync(here).sort(), ['light.onnx', 'model.onnx']);
  assert.deepEqual(readFileSync(source), Buffer.from(crashes));
  assert.equal(readFileSync(before, 'utf8'), 'as it was');
});

test('build makes what quantize made, from its recipe', async () => {
  const made = place('first.onnx');
  const { recipe } = await json<Quantized>('quantize', model, '--data', data, '-o', made);
  const again = await json<Built>('build', recipe, '-o', place('again.onnx'));
  assert.deepEqual(readFileSync(place('again.onnx')), readFileSync(made));
  assert.ok(again.steps.every((step) => step.edits > 0));
});

test('the JSON of build and quantize holds to its schema', async () => {
  const quantized = await json<Quantized>('quantize', model, '-o', place('schema.onnx'));
  const valid = schemaOf('quantize');
  assert.ok(valid(quantized), JSON.stringify(valid.errors));
  assert.ok(!valid({ ...quantized, bytes: null }));
  const built = await json<Built>('build', quantized.recipe, '-o', place('schema2.onnx'));
  const validBuilt = schemaOf('build');
  assert.ok(validBuilt(built), JSON.stringify(validBuilt.errors));
  assert.ok(!validBuilt({ ...built, tried: 'maybe' }));
  const validRecipe = schemaOf('recipe');
  const recipe = JSON.parse(readFileSync(quantized.recipe, 'utf8')) as Recipe;
  assert.ok(validRecipe(recipe), JSON.stringify(validRecipe.errors));
});

test('quantize says what it did, what it left and why', async () => {
  const { code, stdout, stderr } = await featherweight([
    ...['quantize', model, '--scheme', 'int8-dynamic', '--no-prepare', '-o', place('told.onnx')],
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /told\.onnx\n[\d.]+ KB, [\d.]+ % of [\d.]+ KB, [\d.]+x smaller\n/);
  assert.match(stdout, /1 {2}int8, dynamic +changed 3 layers\n/);
  assert.match(stdout, /1 layer: Convolutions get slower[^\n]*\n +net\.conv\n/);
  assert.match(stdout, /ONNX Runtime loads it\n/);
  assert.match(stdout, /recipe in .*told\.featherweight\.json\n/);
});

test('nothing is overwritten unless that is asked for', async () => {
  const out = place('twice.onnx');
  await json('quantize', model, '-o', out);
  await fails(['quantize', model, '-o', out], /twice\.featherweight\.json is there already/);
  rmSync(place('twice.featherweight.json'));
  await fails(['quantize', model, '-o', out], /twice\.onnx is there already/);
  assert.ok(!existsSync(place('twice.featherweight.json')));
  await json('quantize', model, '-o', out, '--overwrite');
  await fails(['quantize', model, '-o', model, '--overwrite'], /cannot take the place/);
});

test('what cannot be made is one line, and leaves nothing', async () => {
  const before = readdirSync(folder);
  await fails(['quantize', model, '--scheme', 'int3', '-o', place('x.onnx')], /int8, int4/);
  await fails(['quantize', model], /--out/);
  await fails(['quantize', model, '--scheme', 'int8-static', '-o', place('x.onnx')], /--data/);
  await fails(['quantize', place('none.onnx'), '-o', place('x.onnx')], /does not exist/);
  await fails(['quantize', model, '--data', place('none.npy'), '-o', place('x.onnx')], /none\.npy/);
  await fails(['build', place('none.json')], /none\.json does not exist/);
  await fails(['build', model], /not JSON/);
  assert.deepEqual(readdirSync(folder), before);
  const wrong = place('wrong.featherweight.json');
  writeFileSync(
    wrong,
    '{\n  "version": 1,\n  "model": {"file": "model.onnx"},\n  "steps": [{}]\n}',
  );
  await fails(['build', wrong], /wrong\.featherweight\.json:4:13: .*“action”.* 1 more mistakes\./);
});

test('a recipe is begun, shown and built', async () => {
  const list = await featherweight(['recipe', 'list']);
  assert.match(list.stdout, /int8Dynamic +Int8 dynamic, all linears and embeddings/);
  assert.match(list.stdout, /int8-static +8-bit integers/);
  const begun = await featherweight(['recipe', 'new', model, '--ready', 'int8Dynamic']);
  const file = place('model.featherweight.json');
  assert.equal(begun.stdout, `${file}\n`, begun.stderr);
  await fails(['recipe', 'new', model], /model\.featherweight\.json is there already/);
  const shown = await featherweight(['recipe', 'show', file]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /model\.onnx {2}[\d.]+ KB → about [\d.]+ KB \([\d.]+ %\)/);
  assert.match(shown.stdout, /int8, dynamic +3 +[\d.]+ KB → [\d.]+ KB +every layer that it fits/);
  const check = await json<RecipeCheck>('recipe', 'show', file);
  assert.equal(check.sha256, (JSON.parse(readFileSync(file, 'utf8')) as Recipe).model.sha256);
  const built = await json<Built>('build', file);
  assert.equal(built.output, place('model.int8.onnx'));
  assert.ok(existsSync(built.output));
  writeFileSync(file, readFileSync(file, 'utf8').replace(check.sha256, '0'.repeat(64)));
  await fails(['build', file, '--overwrite'], /made for another file/);
  await json('build', file, '--overwrite', '--any-model');
});
