import { formatBytes, formatCount, formatExact, formatMs } from '../base/format';
import { printable } from '../base/text';
import type { Inspection, Measured, Profile } from '../protocol/types';

const familyNames: Readonly<Record<Inspection['structure']['family'], string>> = {
  encoder: 'encoder',
  decoder: 'decoder',
  'encoder-decoder': 'encoder–decoder',
  vit: 'vision transformer',
  cnn: 'convolutional network',
  rnn: 'recurrent network',
  mlp: 'perceptron',
  other: 'network',
};

/** The file's own name, made fit to show: where it lies is nobody else's business when a report is passed on. */
export function modelName({ model }: Pick<Inspection, 'model'>): string {
  return printable(model.file.split(/[\\/]/).pop() ?? model.file);
}

/** "encoder · 6 blocks × 384 · 12 heads × 32 · feed-forward 1,536": what is known of it. */
export function structureLine({ structure }: Pick<Inspection, 'structure'>): string {
  const { blocks, hiddenSize, heads, kvHeads, headSize, feedForwardSize } = structure;
  return [
    familyNames[structure.family],
    blocks > 0 && times(`${formatExact(blocks)} ${blocks === 1 ? 'block' : 'blocks'}`, hiddenSize),
    heads !== null && times(`${formatExact(heads)} ${heads === 1 ? 'head' : 'heads'}`, headSize),
    kvHeads !== null && kvHeads !== heads && `${formatExact(kvHeads)} of keys and values`,
    feedForwardSize !== null && `feed-forward ${formatExact(feedForwardSize)}`,
  ]
    .filter((piece) => typeof piece === 'string')
    .join(' · ');
}

const times = (text: string, size: number | null) =>
  size === null ? text : `${text} × ${formatExact(size)}`;

/** "pytorch 2.13.0 · opset 17 · IR 8". */
export function originLine({ model }: Pick<Inspection, 'model'>): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) =>
    domain === '' ? `opset ${version}` : `${printable(domain, 40)} ${version}`,
  );
  const producer = model.producer === '' ? [] : [printable(model.producer, 60)];
  return [...producer, ...opsets, `IR ${model.irVersion}`].join(' · ');
}

/** "batch 1 · sequence 128": the sizes that the counts stand for. */
export function dimensionsLine({ dimensions }: Pick<Inspection, 'dimensions'>): string {
  return Object.entries(dimensions)
    .map(([name, size]) => `${printable(name, 40)} ${formatExact(size)}`)
    .join(' · ');
}

/** How a profile was taken: provider, threads, runs, data. */
export function measuredLine(measured: Measured, complete: boolean): string {
  const { provider, threads, runs, warmup, runtime } = measured;
  const done = complete ? `${runs} runs` : `stopped after ${runs} runs`;
  const on = `${provider}, ${threads === 0 ? 'threads chosen by the runtime' : threads === 1 ? '1 thread' : `${threads} threads`}`;
  return `${on} · ${done} after ${warmup} to warm up · ${inputsText(measured)} · ONNX Runtime ${runtime}`;
}

/** What a profile was run on: `synthetic inputs (seed 1)`, or the data's name. */
export function inputsText({ data, seed }: Pick<Measured, 'data' | 'seed'>): string {
  if (data !== 'synthetic') return printable(data, 80);
  return `synthetic inputs${seed === null ? '' : ` (seed ${seed})`}`;
}

/** A headline figure of the model. */
export interface Headline {
  readonly figure: string;
  readonly label: string;
}

/** The figures above everything else: counted ones, then those measured. */
export function headlines(inspection: Inspection, profile: Profile | undefined): Headline[] {
  const { totals } = inspection;
  const counted = [
    { figure: formatCount(totals.parameters), label: 'parameters' },
    { figure: formatBytes(totals.weightBytes), label: 'weights' },
    { figure: formatCount(totals.macs), label: 'multiply-adds' },
    { figure: formatBytes(totals.peakActivationBytes), label: 'peak activations, counted' },
  ];
  if (!profile) return counted;
  const { latencyMs, peakMemoryBytes, loadMs } = profile.measured;
  return [
    ...counted,
    {
      figure: formatMs(latencyMs.median),
      label: `latency, ${formatMs(latencyMs.p10)} to ${formatMs(latencyMs.p90)}`,
    },
    { figure: formatBytes(peakMemoryBytes), label: 'peak memory, measured' },
    { figure: formatMs(loadMs), label: 'to load' },
  ];
}
