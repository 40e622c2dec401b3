import { formatExact } from '../../src/base/format';
import type { Family } from '../../src/base/terms';
import type { Measured, ModelFacts, StructureFacts } from '../../src/protocol/types';

const families: Readonly<Record<Family, string | undefined>> = {
  encoder: 'encoder',
  decoder: 'decoder',
  'encoder-decoder': 'encoder–decoder',
  vit: 'vision transformer',
  cnn: 'convolutional',
  rnn: 'recurrent',
  mlp: 'multi-layer perceptron',
  other: undefined,
};

/** "encoder", "6 blocks × 384", "12 heads × 32", "feed-forward 1,536": what is known of it, and nothing else. */
export function structureFacts(structure: StructureFacts): readonly string[] {
  const { blocks, hiddenSize, heads, kvHeads, headSize, feedForwardSize } = structure;
  const grouped = kvHeads !== null && heads !== null && kvHeads !== heads;
  return [
    families[structure.family],
    blocks > 0 && `${blocks} ${blocks === 1 ? 'block' : 'blocks'}${times(hiddenSize)}`,
    blocks === 0 && hiddenSize !== null && `width ${formatExact(hiddenSize)}`,
    heads !== null && `${heads} ${heads === 1 ? 'head' : 'heads'}${times(headSize)}`,
    grouped && `${kvHeads} for keys and values`,
    feedForwardSize !== null && `feed-forward ${formatExact(feedForwardSize)}`,
  ].filter((fact): fact is string => typeof fact === 'string');
}

const times = (size: number | null) => (size === null ? '' : ` × ${formatExact(size)}`);

/** "pytorch 2.13.0", "opset 17", "IR 8". */
export function fileFacts(model: ModelFacts): readonly string[] {
  const opsets = Object.entries(model.opsets).map(([domain, version]) =>
    domain === '' || domain === 'ai.onnx' ? `opset ${version}` : `${domain} ${version}`,
  );
  return [model.producer, ...opsets, `IR ${model.irVersion}`].filter((fact) => fact !== '');
}

/** The file's own name, of a path of any system. */
export const baseName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/** What the inputs of a measurement were. */
export const dataName = (data: string): string =>
  data === 'synthetic' ? 'synthetic inputs' : baseName(data);

/** "30 runs, 2 threads, CPU, synthetic inputs". */
export function measuredFacts(measured: Measured): string {
  const { runs, threads, provider, data } = measured;
  const facts = [
    `${runs} ${runs === 1 ? 'run' : 'runs'}`,
    `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    provider.toUpperCase(),
    dataName(data),
  ];
  return facts.join(', ');
}
