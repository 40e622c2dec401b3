/** The product's words for what a layer belongs to, what it does there, and what kind of model it is. One list of each. */

export const parts = {
  embedding: 'Embedding',
  attention: 'Attention',
  feedForward: 'Feed-forward',
  norm: 'Norm',
  convolution: 'Convolution',
  recurrent: 'Recurrent',
  head: 'Head',
  other: 'Other',
} as const;
export type Part = keyof typeof parts;
export const partNames = Object.keys(parts) as readonly Part[];

export const roles = [
  'query',
  'key',
  'value',
  'qkv',
  'kv',
  'output',
  'scores',
  'context',
  'up',
  'gate',
  'gateUp',
  'down',
  'router',
  'activation',
  'embedding',
  'position',
  'tokenType',
  'embeddingProjection',
  'norm',
  'conv',
  'downsample',
  'recurrent',
  'dense',
  'pooler',
  'headTransform',
  'head',
  'other',
] as const;
export type Role = (typeof roles)[number];

export const families = [
  'encoder',
  'decoder',
  'encoder-decoder',
  'vit',
  'cnn',
  'rnn',
  'mlp',
  'other',
] as const;
export type Family = (typeof families)[number];

/** What a question about sensitivity changes: a layer's weight, everything a block adds, or what one head of attention adds. */
export type Unit = 'layer' | 'block' | 'head';

/** Ways of saying how far a changed model's answers are from its own, by the names that requests and results have them under. */
const metricNames = [
  'kl',
  'kl2',
  'kl4',
  'nmse',
  'cosine',
  'disagreement',
  'maxError',
  'accuracy',
  'f1',
  'perplexity',
] as const;
export type MetricName = (typeof metricNames)[number];

/** All of them in one phrase, for help: `kl, …, f1 or perplexity`. */
export const metricsPhrase = metricNames.join(', ').replace(/, (?=[^,]*$)/, ' or ');
