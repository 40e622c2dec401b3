import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCalibration } from '../../../src/engine/calibration';
import { evaluationInputs } from '../../../src/engine/inputs';
import { Models } from '../../../src/engine/models';
import { damageJudge } from '../../../src/engine/sensitivity/damage';
import type { InputSpec } from '../../../src/runtime/inputs';
import { ortRunner } from '../../../src/runtime/ort';
import { OutputComparison } from '../../../src/verify/outputs';
import { dataFolder, int64, numbersIn as numbers } from '../../support/datasets';
import { inFolder } from '../../support/folder';
import { modelsFolder, withoutModels } from '../../support/models';
import { refuses } from '../../support/refuses';

const { save, saveArrays, open } = dataFolder();

const inputs: InputSpec[] = [
  { name: 'input_ids', dtype: 'int64', shape: ['batch', 'source'] },
  { name: 'attention_mask', dtype: 'int64', shape: ['batch', 'source'] },
  { name: 'decoder_input_ids', dtype: 'int64', shape: ['batch', 'target'] },
];

/** Words by white space, </s> behind each text as T5 has it. */
const tokenizer = (vocab: Readonly<Record<string, number>>) =>
  JSON.stringify({
    ...{ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null },
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      pair: [],
      special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
    },
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '<unk>' },
  });
const t5 = tokenizer({ '<pad>': 0, '</s>': 1, '<unk>': 2, one: 3, two: 4, three: 5 });

const lines = [
  { text: 'one two', target: 'three' },
  { text: 'two', target: 'two one three' },
];
const jsonl = lines.map((line) => JSON.stringify(line)).join('\n');

test('a decoder is fed the target shifted by one, and held to the target', () => {
  save('tokenizer.json', t5);
  save('pairs.jsonl', jsonl);
  const data = open('pairs.jsonl', inputs);
  assert.deepEqual(data.assumed, ['the decoder begins with <pad> (0), as T5’s does']);
  const { feeds, labels, mask } = data.batch(0, 2);
  assert.deepEqual(numbers(feeds, 'input_ids'), [3, 4, 1, 4, 1, 0]);
  assert.deepEqual(numbers(feeds, 'decoder_input_ids'), [0, 5, 0, 0, 0, 4, 3, 5]);
  assert.deepEqual(labels, [
    [5, 1],
    [4, 3, 5, 1],
  ]);
  assert.deepEqual([...mask!.real], [1, 1, 1, 1, 1, 0]);
  assert.deepEqual([...mask!.second!.real], [1, 1, 0, 0, 1, 1, 1, 1]);
  save('single.jsonl', '{"text": "one"}\n');
  refuses(() => open('single.jsonl', inputs), 'badInput', /Line 1 of single\.jsonl has no target/);
});

test('what a decoder begins with is read from config.json, or refused', () => {
  save('tokenizer.json', tokenizer({ '<s>': 0, '</s>': 1, '<unk>': 2, '<pad>': 3, one: 4 }));
  save('pairs.jsonl', '{"text": "one", "target": "one"}\n');
  refuses(
    () => open('pairs.jsonl', inputs),
    'badInput',
    /What the decoder begins with is not known for the texts of pairs\.jsonl: no config\.json has decoder_start_token_id/,
  );
  save('config.json', '{"decoder_start_token_id": 1}');
  const data = open('pairs.jsonl', inputs);
  assert.deepEqual(numbers(data.batch(0, 1).feeds, 'decoder_input_ids'), [1, 4]);
  assert.deepEqual(data.assumed, []);
  save('config.json', '{}');
});

test('sequences that would be of one length are kept apart', () => {
  save('tokenizer.json', t5);
  save(
    'alike.jsonl',
    '{"text": "one", "target": "two"}\n{"text": "one one", "target": "two two"}\n',
  );
  const { feeds, mask } = open('alike.jsonl', inputs).batch(0, 2);
  assert.deepEqual(feeds['input_ids']!.shape, [2, 4]);
  assert.deepEqual(feeds['decoder_input_ids']!.shape, [2, 3]);
  assert.deepEqual([mask!.sequence, mask!.second!.sequence], [4, 3]);
  const ids = [3, 1, 0, 0, 0, 3, 3, 1, 0, 0];
  saveArrays('alike.npz', {
    input_ids: int64([2, 5], ids),
    attention_mask: int64(
      [2, 5],
      ids.map((id) => Number(id > 0)),
    ),
    decoder_input_ids: int64([2, 5], [0, 4, 9, 9, 9, 0, 4, 4, 9, 9]),
  });
  const arrays = open('alike.npz', inputs).batch(0, 2);
  assert.deepEqual(arrays.feeds['decoder_input_ids']!.shape, [2, 3], 'cut by itself');
  assert.deepEqual(arrays.feeds['input_ids']!.shape, [2, 4]);
  assert.deepEqual([...arrays.mask!.second!.real], [1, 1, 0, 1, 1, 1]);
});

test('a T5 answers texts in one batch as it does each by itself', { skip: withoutModels }, () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'tokenizer.json'), t5);
    const data = join(folder, 'pairs.jsonl');
    writeFileSync(data, jsonl);
    const sized = new Models().sized(join(modelsFolder, 'structures', 't5_ts_op14.onnx'), {});
    const judge = damageJudge(sized, () => 'accuracy');
    const runner = ortRunner();
    const session = await runner.load(sized.file, { threads: 1, provider: 'cpu', optimize: 'all' });
    const all = new OutputComparison();
    const found: number[] = [];
    const noise = (logits: Float32Array) => logits.map((value, at) => value + Math.sin(at));
    for (const size of [1, 2]) {
      for (const batch of evaluationInputs(sized, data, 1).batches(size)) {
        const { outputs } = await session.run(batch.feeds, ['logits']);
        const { shape, data: values } = outputs['logits']!;
        const rows = shape[0]! * shape[1]!;
        // The same change at the same position, whatever the batch.
        const width = shape[2]!;
        const changed = Float32Array.from(values as Float32Array);
        for (let row = 0; row < rows; row++) {
          const at = row * width;
          changed.set(noise(changed.slice(at, at + width)), at);
        }
        const candidate = { dtype: 'float32', shape, data: changed } as const;
        found.push(...judge.score({ logits: outputs['logits']! }, { logits: candidate }, batch));
        if (size === 2) all.add(outputs['logits']!, candidate, batch);
      }
    }
    await session.release();
    assert.deepEqual(found.slice(0, 2), found.slice(2), 'padding of neither side counts');
    const { accuracy } = all.result();
    assert.ok(accuracy && accuracy.reference >= 0);
    const options = { runner, data, folder, samples: 2, threads: 1 };
    assert.equal(openCalibration(sized, options).facts.kind, 'texts');
  }),
);
