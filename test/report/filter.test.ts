import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random';
import { parseFilter } from '../../src/report/filter';
import { layerTable } from '../../src/report/table';
import { encoder, inspectionOf, layerOf, profileOf, weightOf } from './fixture';

const model = encoder(3);
const profile = profileOf(model, (layer) => (layer.macs ?? 0) / 1e7);

function filtered(text: string, of = model, with_?: typeof profile) {
  const table = layerTable(of, with_);
  const { tests, problem } = parseFilter(text, table);
  const kept = table.entries.filter((entry) => tests.every((test) => test(entry)));
  return { names: kept.map((entry) => entry.layer.name), problem };
}
const count = (text: string) => filtered(text).names.length;

test('words match names, whatever their case, and all must hold', () => {
  assert.equal(count(''), 26);
  assert.equal(count('QUERY'), 3);
  assert.deepEqual(filtered('query layer.1').names, ['encoder.layer.1.attention.query']);
  assert.equal(count('nothing-like-it'), 0);
});

test('keys pick parts, roles, operators, blocks and types', () => {
  assert.equal(count('part:attention'), 15);
  assert.equal(count('part:ffn'), 6);
  assert.equal(count('part:"feed-forward"'), 6);
  assert.equal(count('part:attention,norm'), 18);
  assert.equal(count('role:up'), 3);
  assert.equal(count('op:layernormalization'), 3);
  assert.equal(count('block:2'), 8);
  assert.equal(count('block:0-1'), 16);
  assert.equal(count('block:none'), 2);
  assert.equal(count('type:float32'), 23);
});

test('a minus excludes', () => {
  assert.equal(count('-part:attention'), 11);
  assert.equal(count('part:attention -scores'), 12);
  assert.equal(count('->1%'), 26 - count('>1%'));
});

test('quotes keep spaces and signs', () => {
  const odd = inspectionOf(
    ['my layer', 'onnx::MatMul_1', 'in:0', 'a>1%'].map((name) => layerOf({ name })),
  );
  assert.deepEqual(filtered('"my layer"', odd).names, ['my layer']);
  assert.deepEqual(filtered('name:"my layer"', odd).names, ['my layer']);
  assert.deepEqual(filtered('onnx::MatMul', odd), {
    names: ['onnx::MatMul_1'],
    problem: undefined,
  });
  assert.deepEqual(filtered('"in:0"', odd).names, ['in:0']);
  assert.deepEqual(filtered('"a>1%"', odd).names, ['a>1%']);
});

test('comparisons know the column by its unit or its name', () => {
  assert.equal(count('>1MB'), 1 + 6);
  assert.equal(count('>=1M'), 1);
  assert.equal(count('>500K params'), 7);
  assert.equal(count('>500Kparams'), 7);
  assert.equal(count('params>500K'), 7);
  assert.equal(count('macs>75M'), 6);
  assert.equal(count('>75M macs'), 6);
  assert.equal(count('activations>0.5MB'), 3 * 2);
  assert.equal(count('share>10%'), 6);
  assert.equal(filtered('>5ms', model, profile).names.length, 6);
  assert.equal(filtered('<1us', model, profile).names.length, 2 + 3);
});

test('what is unknown is neither above nor below a limit', () => {
  const odd = inspectionOf([layerOf({ name: 'a', macs: null }), layerOf({ name: 'b', macs: 1 })]);
  assert.deepEqual(filtered('macs<5', odd).names, ['b']);
});

test('what is not understood is said, and the rest of the filter holds', () => {
  const problem = (text: string) => filtered(text).problem ?? '';
  assert.match(problem('part:nose'), /No part "nose": there are embedding/);
  assert.match(problem('role:boss'), /No role "boss"/);
  assert.match(problem('colour:red'), /"colour:" is not known: there are name:/);
  assert.match(problem('>many'), /not a comparison/);
  assert.match(problem('>5'), /no unit/);
  assert.match(problem('block:x'), /range/);
  assert.match(problem('>1ms'), /profile the model/);
  assert.match(problem('op:'), /needs a value/);
  assert.match(problem('nose>3'), /cannot be compared/);
  assert.equal(count('part:nose query'), 3);
  assert.equal(problem('part:norm'), '');
});

test('layers are found by what ran instead of them', () => {
  const fused = { ...profile, layers: { ...profile.layers } };
  const id = 'encoder.layer.0.attention.query';
  fused.layers[id] = { timeMs: 1, p10: 1, p90: 1, ran: { how: 'fused', ops: ['FusedMatMul'] } };
  assert.deepEqual(filtered('ran:fused', model, fused).names, [id]);
  assert.deepEqual(filtered('ran:FusedMatMul', model, fused).names, [id]);
});

test('weights of a type are found', () => {
  const odd = inspectionOf([
    layerOf({ name: 'a', weights: [weightOf('w', [4, 4], 'int8', 1)] }),
    layerOf({ name: 'b', weights: [weightOf('v', [4, 4])] }),
  ]);
  assert.deepEqual(filtered('type:int8,uint8', odd).names, ['a']);
});

test('no text breaks the filter', () => {
  const random = seededRandom(5);
  const pieces = [
    '"',
    '-',
    ':',
    ',',
    '>',
    '<',
    '=',
    '%',
    'part',
    'op',
    '1',
    'M',
    ' ',
    '\\',
    '(',
    'é',
    '😀',
  ];
  for (let round = 0; round < 2000; round++) {
    const length = Math.floor(random() * 12);
    const text = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join(
      '',
    );
    const { names, problem } = filtered(text);
    assert.ok(names.length <= 26);
    assert.ok(problem === undefined || problem.length > 0);
  }
});
