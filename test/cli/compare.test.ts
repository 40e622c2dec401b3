import { Ajv } from 'ajv';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeNode } from '../../src/onnx/builder';
import type { Comparison } from '../../src/protocol/build';
import { aModel, aTensor, aValue, modelBytes } from '../support/build';
import { featherweight } from './program';

const folder = mkdtempSync(join(tmpdir(), 'featherweight-compare-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string) => join(folder, name);

/** 64 numbers to 8 scores; in the second file with 8-bit weights in blocks, at an accuracy level without a fast kernel. */
const original = place('model.onnx');
const slow = place('slow.onnx');
const inputs = [aValue('x', 'float32', ['batch', 64])];
const outputs = [aValue('logits', 'float32', ['batch', 8])];
writeFileSync(
  original,
  modelBytes(
    aModel({
      ...{ inputs, outputs },
      nodes: [makeNode('MatMul', ['x', 'head.weight'], ['logits'], { name: '/head/MatMul' })],
      initializers: [aTensor('head.weight', 'float32', [64, 8], Array(512).fill(0.5))],
    }),
  ),
);
writeFileSync(
  slow,
  modelBytes(
    aModel(
      {
        ...{ inputs, outputs },
        nodes: [
          makeNode('MatMulNBits', ['x', 'head.weight_Q8', 'head.weight_scales'], ['logits'], {
            ...{ name: '/head/MatMul_Q8', domain: 'com.microsoft' },
            ...{ K: 64, N: 8, bits: 8, block_size: 32, accuracy_level: 0 },
          }),
        ],
        initializers: [
          aTensor('head.weight_Q8', 'uint8', [8, 2, 32], Array(512).fill(129)),
          aTensor('head.weight_scales', 'float32', [8, 2], Array(16).fill(0.5)),
        ],
      },
      { opsets: new Map([...aModel({}).opsets, ['com.microsoft', 1]]) },
    ),
  ),
);
const quick = ['--rounds', '3', '--warmup', '1', '--threads', '1'];

test('compare prints figures, the missed kernel and the changed layer', async () => {
  const { code, stdout, stderr } = await featherweight(['compare', original, slow, ...quick]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /slow\.onnx against model\.onnx/);
  assert.match(stdout, /8-bit and 2-bit weights have a fast kernel at accuracy level 4 only/);
  assert.match(stdout, /head +MatMul float32 +MatMulNBits 8-bit +2\.05 KB +576 B +−1\.47 KB/);
  assert.match(stdout, /peak memory/);
});

test('--json fits its schema, and reports are written beside it', async () => {
  const [page, note] = [place('report.html'), place('report.md')];
  const files = ['--html', page, '--markdown', note];
  const { code, stdout, stderr } = await featherweight([
    ...['compare', original, slow, '--dim', 'batch=4', '--json'],
    ...[...quick, ...files],
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  const comparison = JSON.parse(stdout) as Comparison;
  assert.deepEqual(comparison.latency.inputs, [{ name: 'x', shape: [4, 64] }]);
  assert.equal(comparison.kernels[0]?.ok, false);
  assert.equal(comparison.maxError, 0);
  execFileSync(process.execPath, ['.ci/schemas.mjs', place('schemas')]);
  const schema = JSON.parse(readFileSync(place('schemas/compare.schema.json'), 'utf8')) as object;
  const validate = new Ajv({ strict: false }).compile(schema);
  assert.ok(validate(comparison), JSON.stringify(validate.errors));
  assert.equal(validate({ ...comparison, kernels: 'none' }), false);
  assert.match(readFileSync(page, 'utf8'), /slow\.onnx against model\.onnx/);
  assert.match(readFileSync(note, 'utf8'), /\| head \| MatMul float32 \|/);
});

test('limits end with an exit code of their own, after everything was printed', async () => {
  const compare = (...limits: string[]) =>
    featherweight(['compare', original, slow, ...quick, ...limits]);
  const kept = await compare('--max-kl', '0.1', '--min-agreement', '99%', '--max-bytes', '90%');
  assert.equal(kept.code, 0, kept.stderr);
  const broken = await compare('--max-bytes', '100', '--all-kernels');
  assert.equal(broken.code, 3);
  assert.match(broken.stdout, /slow\.onnx against model\.onnx/);
  const last = broken.stderr.trim().split('\n').at(-1);
  assert.match(last ?? '', /It takes .* above 100 B\. 1 of 1 compressed layers do not run/);
});

test('bad input is one line and exit code 1', async () => {
  const bad: [args: string[], message: RegExp][] = [
    [['compare', original], /missing required argument 'CANDIDATE'/],
    [['compare', original, place('none.onnx')], /none\.onnx does not exist/],
    [['compare', original, slow, '--max-bytes', 'small'], /a size such as 25MB or 26%/],
    [['compare', original, slow, '--min-agreement', '110%'], /a share such as 98% or 0\.98/],
    [['compare', original, slow, '--html', slow], /would overwrite a model/],
    [['compare', original, slow, '--data', place('none.npz')], /none\.npz does not exist/],
  ];
  for (const [args, message] of bad) {
    const { code, stdout, stderr } = await featherweight(args);
    assert.equal(code, 1, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
  assert.ok(existsSync(slow));
});
