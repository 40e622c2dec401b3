import { formatBytes, formatMs, formatRatio, formatSmall, unknownText } from '../base/format';
import type { Comparison, Estimate } from '../protocol/build';
import type { ComparisonLine, Tone } from '../protocol/recipeView';

/**
 * A comparison in words, one line for each thing that was measured, the same in the dashboard, the reports and the terminal. A difference
 * inside its interval is written as no difference.
 */
export function comparisonLines(comparison: Comparison): ComparisonLine[] {
  return [
    fileLine(comparison),
    latencyLine(comparison),
    ...accuracyLine(comparison),
    ...f1Line(comparison),
    ...agreementLine(comparison),
    ...klLine(comparison),
    ...perplexityLine(comparison),
    ...errorLine(comparison),
    ...memoryLine(comparison),
    loadLine(comparison),
  ];
}

const noBars = { bars: null, tone: null } as const;

function fileLine({ bytes: { reference, candidate } }: Comparison): ComparisonLine {
  const verdict = factorWords(reference / candidate, 'smaller', 'larger', 'same size');
  return {
    ...{ id: 'file', title: 'file', note: '', bars: barsOf(reference, candidate) },
    ...{ reference: formatBytes(reference), candidate: formatBytes(candidate), ...verdict },
  };
}

function latencyLine({ latency }: Comparison): ComparisonLine {
  const { referenceMs, candidateMs, ratio, low, high, rounds, threads } = latency;
  const line = { id: 'latency', title: 'latency' } as const;
  if (rounds === 0 || !(ratio > 0)) {
    const unknown = { reference: unknownText, candidate: unknownText, verdict: '', note: '' };
    return { ...line, ...unknown, ...noBars };
  }
  const [reference, candidate] = [referenceMs.median, candidateMs.median];
  const slower = high < 1;
  const interval = slower
    ? `[${formatRatio(1 / high)}, ${formatRatio(1 / low)}]`
    : `[${formatRatio(low)}, ${formatRatio(high)}]`;
  const on = threads === 0 ? '' : threads === 1 ? ', 1 thread' : `, ${threads} threads`;
  return {
    ...line,
    reference: formatMs(reference),
    candidate: formatMs(candidate),
    verdict: slower
      ? `${formatRatio(1 / ratio)}x slower`
      : low > 1
        ? `${formatRatio(ratio)}x faster`
        : 'no difference',
    note: `${interval}, ${rounds} rounds in turn${on}`,
    bars: barsOf(reference, candidate),
    tone: slower ? 'worse' : low > 1 ? 'better' : 'same',
  };
}

function accuracyLine({ accuracy, samples }: Comparison): ComparisonLine[] {
  if (!accuracy) return [];
  const line = shareLine(accuracy);
  const title = `accuracy (${samples.toLocaleString('en-US')})`;
  return [{ id: 'accuracy', title, ...line, note: `${line.note}, paired` }];
}

function f1Line({ f1 }: Comparison): ComparisonLine[] {
  if (!f1) return [];
  const isBinary = f1.average === 'binary';
  const line = shareLine(f1);
  const note = `${line.note}, ${isBinary ? 'of class 1' : 'mean of the classes'}`;
  return [{ id: 'f1', title: isBinary ? 'F1' : 'macro F1', ...line, note }];
}

/** Two shares of what is right, and the difference with its interval in points of a hundred. */
function shareLine({
  reference,
  candidate,
  difference: { low, high, mean },
}: NonNullable<Comparison['accuracy']>): Omit<ComparisonLine, 'id' | 'title'> {
  const size = `${points(Math.abs(mean))} points`;
  const tone: Tone = low > 0 ? 'better' : high < 0 ? 'worse' : 'same';
  return {
    reference: percent(reference),
    candidate: percent(candidate),
    verdict:
      tone === 'same' ? 'no difference' : `${size} ${tone === 'better' ? 'higher' : 'lower'}`,
    note: `${signed(mean)} points [${signed(low)}, ${signed(high)}]`,
    bars: { reference, candidate },
    tone,
  };
}

function agreementLine({ agreement, metric }: Comparison): ComparisonLine[] {
  if (!agreement) return [];
  const { mean, low, high } = agreement;
  return [
    {
      ...{ id: 'agreement', title: 'agreement', reference: '', candidate: percent(mean) },
      verdict: metric === 'classes' ? 'of first choices are the same' : 'of answers are the same',
      note: `[${percent(Math.max(0, low))}, ${percent(Math.min(1, high))}]`,
      ...noBars,
    },
  ];
}

function klLine({ kl }: Comparison): ComparisonLine[] {
  if (!kl) return [];
  return [
    {
      ...{ id: 'kl', title: 'KL', reference: '', candidate: formatSmall(kl.mean) },
      verdict: 'divergence of the answers',
      note: smallInterval(kl),
      ...noBars,
    },
  ];
}

function perplexityLine({ perplexity }: Comparison): ComparisonLine[] {
  if (!perplexity) return [];
  const { reference, candidate, ratio, tokens } = perplexity;
  const { mean, low, high } = ratio;
  const tone: Tone = high < 1 ? 'better' : low > 1 ? 'worse' : 'same';
  const change = `${Math.abs((mean - 1) * 100).toPrecision(2)} %`;
  return [
    {
      ...{ id: 'perplexity', title: 'perplexity', bars: null, tone },
      reference: reference.toPrecision(4),
      candidate: candidate.toPrecision(4),
      verdict:
        tone === 'same' ? 'no difference' : `${change} ${tone === 'better' ? 'lower' : 'higher'}`,
      note: `[${low.toPrecision(4)}, ${high.toPrecision(4)}] of the original’s, ${tokens.toLocaleString('en-US')} tokens`,
    },
  ];
}

function errorLine(comparison: Comparison): ComparisonLine[] {
  const { sqnrDb, cosine, maxError, meanError, broken } = comparison;
  if (maxError === 0 && broken === 0) return [sameOutputs];
  const facts = [
    broken === 0 ? '' : `${broken.toLocaleString('en-US')} values are NaN or infinite`,
    cosine === null ? '' : `cosine ${formatCosine(cosine)}`,
    `mean error ${formatSmall(meanError)}`,
    `largest ${formatSmall(maxError)}`,
  ];
  return [
    {
      ...{ id: 'error', title: 'output error', reference: '' },
      candidate: sqnrDb === null ? unknownText : `${sqnrDb.toFixed(1)} dB`,
      verdict: 'signal to error',
      note: facts.filter((fact) => fact !== '').join(', '),
      bars: null,
      tone: broken === 0 ? null : 'worse',
    },
  ];
}

const sameOutputs: ComparisonLine = {
  ...{ id: 'error', title: 'output error', reference: '', candidate: '0', ...noBars },
  ...{ verdict: 'the outputs are the same, to the last bit', note: '' },
};

function memoryLine({ peakMemoryBytes: { reference, candidate } }: Comparison): ComparisonLine[] {
  if (reference === null || candidate === null) return [];
  return [
    {
      ...{ id: 'memory', title: 'peak memory', bars: barsOf(reference, candidate), note: '' },
      ...{ reference: formatBytes(reference), candidate: formatBytes(candidate) },
      ...factorWords(reference / candidate, 'less', 'more', 'about the same', memoryNoise),
    },
  ];
}

/** Measured once: the figures stand for themselves, and no verdict is made of them. */
function loadLine({ loadMs: { reference, candidate } }: Comparison): ComparisonLine {
  return {
    ...{ id: 'load', title: 'load', bars: barsOf(reference, candidate), tone: null },
    ...{ reference: formatMs(reference), candidate: formatMs(candidate) },
    ...{ verdict: '', note: 'measured once' },
  };
}

/** The most memory of a process is not told apart below this: it differs so much between two runs of one model. */
const memoryNoise = 0.05;

function factorWords(factor: number, more: string, less: string, same: string, noise = 0.005) {
  if (!Number.isFinite(factor) || factor <= 0) return { verdict: '', tone: null };
  if (Math.abs(factor - 1) < noise) return { verdict: same, tone: 'same' as const };
  return factor > 1
    ? { verdict: `${formatRatio(factor)}x ${more}`, tone: 'better' as const }
    : { verdict: `${formatRatio(1 / factor)}x ${less}`, tone: 'worse' as const };
}

function barsOf(reference: number, candidate: number): ComparisonLine['bars'] {
  const whole = Math.max(reference, candidate);
  return whole > 0 ? { reference: reference / whole, candidate: candidate / whole } : null;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const points = (share: number): string => (share * 100).toFixed(1);
const signed = (share: number): string => `${share < 0 ? '−' : '+'}${points(Math.abs(share))}`;

const smallInterval = ({ low, high }: Estimate): string =>
  `[${formatSmall(low)}, ${formatSmall(high)}]`;

/** Answers are float32: nearer to 1 than this is rounding. */
const cosineNoise = 1e-7;

/** As many digits as tell it from 1: 0.99983. */
function formatCosine(cosine: number): string {
  if (1 - cosine < cosineNoise) return 'above 0.9999999';
  return cosine.toFixed(Math.max(2, Math.ceil(-Math.log10(1 - cosine)) + 1));
}
