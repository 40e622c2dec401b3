import { formatBytes } from '../../base/format';
import { printable } from '../../base/text';
import type { Comparison, LayerChange } from '../../protocol/build';
import type { ComparisonLine } from '../../protocol/recipeView';
import { comparisonLines } from '../comparisonLines';
import {
  bytesDelta,
  changesLine,
  comparisonTitle,
  conditionsLine,
  kernelNotes,
  layersText,
  missedKernels,
  outputError,
} from '../comparisonWords';
import { escape, htmlPage } from './htmlPage';

/** A comparison as one page that needs nothing else. Every text from the models is escaped. */
export function writeComparisonHtml(comparison: Comparison): string {
  const title = comparisonTitle(comparison);
  return htmlPage({
    title,
    heading: title,
    header: `${tiles(comparison)}\n<p class="quiet">${escape(conditionsLine(comparison))}</p>`,
    main: [figures(comparison), kernels(comparison), changes(comparison)].join('\n'),
    version: comparison.featherweight,
  });
}

/** The lines whose verdicts are the headline. */
const headlines: readonly ComparisonLine['id'][] = ['file', 'latency', 'accuracy', 'agreement'];

function tiles(comparison: Comparison): string {
  const shown = comparisonLines(comparison).filter(({ id }) => headlines.includes(id));
  const items = shown.map(({ title, verdict, candidate, id }) => {
    const [figure, label] =
      id === 'agreement' ? [candidate, title] : [verdict, `${title}: ${candidate}`];
    return `<li><b>${escape(figure)}</b><span class="quiet">${escape(label)}</span></li>`;
  });
  return `<ul class="tiles">${items.join('')}</ul>`;
}

function figures(comparison: Comparison): string {
  const rows = comparisonLines(comparison).map(
    (line) =>
      `<tr><th scope="row">${escape(line.title)}</th><td class="n">${escape(line.reference)}</td><td class="n">${escape(line.candidate)}</td><td>${bars(line)}</td><td>${escape(line.verdict)}</td><td class="quiet">${escape(line.note)}</td></tr>`,
  );
  return `<section><h2>Side by side</h2>
<div class="scroll"><table class="layers"><thead><tr><th></th><th scope="col" class="n">original</th><th scope="col" class="n">candidate</th><th></th><th></th><th></th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></section>`;
}

/** The original's length above the candidate's. */
function bars({ bars: lengths }: ComparisonLine): string {
  if (!lengths) return '';
  const bar = (share: number, y: string) =>
    `<rect y="${y}" width="${(share * 100).toFixed(2)}%" height="38%" rx="1"/>`;
  return `<svg aria-hidden="true">${bar(lengths.reference, '0')}${bar(lengths.candidate, '58%')}</svg>`;
}

function kernels({ kernels: proofs }: Comparison): string {
  if (proofs.length === 0) return '';
  const ok = proofs.filter((proof) => proof.ok).length;
  const missed = missedKernels(proofs).map(({ why, layers }) => ({ why, count: layers.length }));
  const items = [...missed, ...kernelNotes(proofs)].map(
    ({ why, count }) => `<li><b>${layersText(count)}</b><span>${escape(why)}</span></li>`,
  );
  const list = items.length > 0 ? `<ul class="insights">${items.join('\n')}</ul>` : '';
  const head = ['layer', 'scheme', 'wanted', 'ran', 'as intended'].map(
    (title) => `<th scope="col"><button>${title}</button></th>`,
  );
  const rows = proofs.map(({ layer, scheme, wanted, ran, ok: runs }) =>
    row([layer, scheme, wanted, ran.join(', '), runs ? 'yes' : 'no'].map((text) => ({ text }))),
  );
  return `<section><h2>Kernels <span class="quiet">${ok} of ${proofs.length} as intended</span></h2>
${list}<details><summary>Every layer</summary>${table(head, rows)}</details></section>`;
}

function changes(comparison: Comparison): string {
  const titles = ['layer', 'change', 'original', 'candidate'];
  const figureTitles = ['bytes before', 'bytes after', 'difference', 'output error'];
  const head = [
    ...titles.map((title) => `<th scope="col"><button>${title}</button></th>`),
    ...figureTitles.map((title) => `<th scope="col" class="n"><button>${title}</button></th>`),
  ];
  const rows = comparison.layers.map((change) => row(changeCells(change)));
  return `<section><h2>Layers <span class="quiet">${escape(changesLine(comparison.layers))}</span></h2>
${table(head, rows)}</section>`;
}

interface Cell {
  readonly text: string;
  /** What the column sorts by; '' stands last. */
  readonly value?: number | '';
}

function changeCells(change: LayerChange): Cell[] {
  const { layer, from, to, bytes } = change;
  const { reference, candidate } = bytes;
  return [
    ...[layer, change.change, from ?? '', to ?? ''].map((text) => ({ text })),
    { text: formatBytes(reference), value: reference },
    { text: formatBytes(candidate), value: candidate },
    { text: bytesDelta(change), value: candidate - reference },
    { text: outputError(change), value: change.sqnrDb ?? '' },
  ];
}

function row(cells: readonly Cell[]): string {
  const inner = cells.map(({ text, value }) => {
    const key = value === undefined ? text : String(value);
    return `<td${value === undefined ? '' : ' class="n"'} data-v="${escape(printable(key))}">${escape(printable(text, 120))}</td>`;
  });
  return `<tr>${inner.join('')}</tr>`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  return `<div class="scroll"><table class="layers sortable"><thead><tr>${head.join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}
