import { formatBytes } from '../base/format';
import { printable } from '../base/text';
import type { Comparison, KernelProof, LayerChange } from '../protocol/build';

/** The sentences of a comparison that the terminal and the reports share. */

/** "model.onnx against model-int8.onnx": the files' own names, fit to show. */
export function comparisonTitle({ reference, candidate }: Comparison): string {
  return `${fileName(candidate)} against ${fileName(reference)}`;
}

const fileName = (path: string) => printable(path.split(/[\\/]/).pop() ?? path, 80);

/** How it was measured: data, samples, shape of the timed runs, runtime. */
export function conditionsLine(comparison: Comparison): string {
  const { data, samples, leftOut, latency, runtime, complete } = comparison;
  const on = data === 'synthetic' ? 'made-up inputs' : fileName(data);
  const counted = `${samples.toLocaleString('en-US')} ${samples === 1 ? 'sample' : 'samples'}`;
  return [
    `${on}, ${counted}`,
    ...(leftOut > 0 ? [`${leftOut} left out: they fill no batch of the model’s size`] : []),
    `latency at ${shapesText(latency.inputs)}`,
    `ONNX Runtime ${runtime}`,
    ...(complete ? [] : ['not finished']),
  ].join(' · ');
}

/** "input_ids, attention_mask 1×25": inputs of one shape together. */
function shapesText(inputs: Comparison['latency']['inputs']): string {
  const names = new Map<string, string[]>();
  for (const { name, shape } of inputs) {
    const text = shape.length === 0 ? 'one value' : shape.join('×');
    names.set(text, [...(names.get(text) ?? []), printable(name, 40)]);
  }
  return [...names].map(([shape, all]) => `${all.join(', ')} ${shape}`).join('; ');
}

/** Layers that lack their fast kernel, by the reason. */
export interface MissedKernels {
  readonly why: string;
  readonly wanted: string;
  readonly ran: string;
  readonly layers: readonly string[];
}

export function missedKernels(proofs: readonly KernelProof[]): MissedKernels[] {
  const found = new Map<string, { first: KernelProof; layers: string[] }>();
  for (const proof of proofs) {
    if (proof.ok) continue;
    const key = [proof.why, proof.wanted, proof.ran.join()].join('\n');
    const known = found.get(key);
    if (known) known.layers.push(proof.layer);
    else found.set(key, { first: proof, layers: [proof.layer] });
  }
  return [...found.values()]
    .map(({ first, layers }) => ({
      why: printable(first.why ?? '', 400),
      wanted: printable(first.wanted),
      ran: printable(first.ran.join(', ') || 'nothing'),
      layers,
    }))
    .sort((a, b) => b.layers.length - a.layers.length);
}

/** What is worth knowing of kernels that do run, each sentence once, with how many layers it is true of. */
export function kernelNotes(proofs: readonly KernelProof[]): { why: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { ok, why } of proofs) if (ok && why) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => ({ why: printable(why, 400), count }));
}

/** "3 of 41 layers": who a sentence is about. */
export const layersText = (count: number): string => `${count} ${count === 1 ? 'layer' : 'layers'}`;

/** "4 changed, 1 removed, 96 the same". */
export function changesLine(layers: readonly LayerChange[]): string {
  const count = (kind: LayerChange['change']) =>
    layers.filter(({ change }) => change === kind).length;
  const words = { changed: 'changed', added: 'added', removed: 'removed', same: 'the same' };
  return (Object.keys(words) as LayerChange['change'][])
    .filter((kind) => count(kind) > 0)
    .map((kind) => `${count(kind)} ${words[kind]}`)
    .join(', ');
}

/** Layers that are not the same, the largest savings first. */
export function changedLayers({ layers }: Comparison): LayerChange[] {
  const saved = ({ bytes }: LayerChange) => bytes.reference - bytes.candidate;
  return layers.filter(({ change }) => change !== 'same').sort((a, b) => saved(b) - saved(a));
}

/** "−1.77 MB", "+4 KB", "0 B". */
export function bytesDelta({ bytes: { reference, candidate } }: LayerChange): string {
  const delta = candidate - reference;
  const sign = delta < 0 ? '−' : delta > 0 ? '+' : '';
  return `${sign}${formatBytes(Math.abs(delta))}`;
}

/** "23.1 dB"; empty where it was not measured or is exact. */
export const outputError = ({ sqnrDb }: LayerChange): string =>
  sqnrDb === undefined ? '' : `${sqnrDb.toFixed(1)} dB`;

/** Names shown of the worst layers. */
const mostWorst = 5;

/** The changed layers whose results are furthest from the original's, the worst first; none where it was not measured. */
export function furthestOff({ layers }: Pick<Comparison, 'layers'>): LayerChange[] {
  const known = layers.filter(({ sqnrDb, change }) => sqnrDb !== undefined && change === 'changed');
  return known.sort((a, b) => (a.sqnrDb ?? 0) - (b.sqnrDb ?? 0)).slice(0, mostWorst);
}

/** "a 9.7 dB, b 10.4 dB": the same in words; undefined where none was measured. */
export function worstLayers(comparison: Comparison): string | undefined {
  const worst = furthestOff(comparison);
  return worst.length === 0
    ? undefined
    : worst.map((change) => `${printable(change.layer, 80)} ${outputError(change)}`).join(', ');
}
