import { formatBytes, formatCount, formatMs, formatShare } from '../../base/format';
import { parts } from '../../base/terms';
import { printable } from '../../base/text';
import type { Inspection, Profile } from '../../protocol/types';
import { findInsights } from '../insights';
import { presentParts, splits, type Split } from '../split';
import { layerTable, weightsText, type Entry } from '../table';
import {
  dimensionsLine,
  headlines,
  measuredLine,
  modelName,
  originLine,
  structureLine,
} from '../words';
import { escape, htmlPage } from './htmlPage';

/**
 * The whole report as one page: no other file, no network, and a policy that admits only its own style sheet and script. Every text
 * from the model is escaped.
 */
export function writeHtml(inspection: Inspection, profile?: Profile): string {
  const file = modelName(inspection);
  return htmlPage({
    title: `${file} – what every layer costs`,
    heading: file,
    header: `<p class="quiet">${escape([structureLine(inspection), originLine(inspection)].join(' · '))}</p>
${headlineTiles(inspection, profile)}
<p class="quiet">Counted for ${escape(dimensionsLine(inspection) || 'the sizes in the file')}.${
      profile ? ` Measured: ${escape(measuredLine(profile.measured, profile.complete))}.` : ''
    }</p>`,
    main: [
      whereItGoes(splits(inspection, profile)),
      whatStandsOut(inspection, profile),
      layers(inspection, profile),
      unknown(inspection),
    ].join('\n'),
    version: inspection.featherweight,
  });
}

function headlineTiles(inspection: Inspection, profile: Profile | undefined): string {
  const tiles = headlines(inspection, profile).map(
    ({ figure, label }) =>
      `<li><b>${escape(figure)}</b><span class="quiet">${escape(label)}</span></li>`,
  );
  return `<ul class="tiles">${tiles.join('')}</ul>`;
}

function whereItGoes(all: readonly Split[]): string {
  const legend = presentParts(all).map(
    (part) =>
      `<li><svg aria-hidden="true"><rect class="${part}" width="100%" height="100%" rx="2"/></svg>${parts[part]}</li>`,
  );
  const rows = all.map(
    (split) =>
      `<tr><th scope="row">${split.name}</th><td>${bar(split)}</td><td>${escape(split.whole)}</td></tr>`,
  );
  return `<section><h2>Where it goes</h2>
<ul class="legend">${legend.join('')}</ul>
<table class="splits">${rows.join('\n')}</table>
<details><summary>As a table</summary>${splitTable(all)}</details></section>`;
}

/** A bar of a hundred per cent. Widths are attributes and not styles, which the page's policy keeps out. */
function bar({ name, pieces: all }: Split): string {
  const shares = all.flatMap(({ part, share, text }) =>
    share !== null && share > 0 ? [{ part, share, text }] : [],
  );
  const spoken = shares.map(({ part, share }) => `${parts[part]} ${formatShare(share)}`).join(', ');
  let at = 0;
  const pieces = shares.map(({ part, share, text }) => {
    const from = at;
    at += share;
    const title = `${parts[part]}: ${text}, ${formatShare(share)}`;
    const label =
      share < 0.06
        ? ''
        : `<text x="${percent(from + share / 2)}" y="50%">${formatShare(share)}</text>`;
    const width = percent(Math.max(share - 0.0015, 0.0005));
    return `<g><title>${title}</title><rect class="${part}" x="${percent(from)}" width="${width}" height="100%" rx="2"/>${label}</g>`;
  });
  return `<svg role="img" aria-label="${name}: ${spoken || 'unknown'}">${pieces.join('')}</svg>`;
}

const percent = (share: number) => `${(share * 100).toFixed(2)}%`;

function splitTable(all: readonly Split[]): string {
  const head = all.map(({ name }) => `<th scope="col" class="n">${name}</th>`).join('');
  const rows = presentParts(all).map((part) => {
    const cells = all.map(({ pieces }) => {
      const piece = pieces.find((one) => one.part === part);
      const share = piece?.share ?? null;
      return `<td class="n">${piece?.text ?? ''}${share === null ? '' : ` (${formatShare(share)})`}</td>`;
    });
    return `<tr><th scope="row">${parts[part]}</th>${cells.join('')}</tr>`;
  });
  return `<table class="layers"><thead><tr><th scope="col">part</th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function whatStandsOut(inspection: Inspection, profile: Profile | undefined): string {
  const found = findInsights(inspection, profile).map(
    ({ figure, text }) => `<li><b>${escape(figure)}</b><span>${escape(text)}</span></li>`,
  );
  return found.length === 0
    ? ''
    : `<section><h2>What stands out</h2><ul class="insights">${found.join('\n')}</ul></section>`;
}

interface Column {
  readonly title: string;
  readonly number: boolean;
  /** The figure that the column sorts by; null stands last. */
  readonly value: (entry: Entry) => string | number | null;
  /** `most` is the largest share of all layers, the whole width of a bar. */
  readonly show: (entry: Entry, inspection: Inspection, most: number) => string;
}

const text = (title: string, value: (entry: Entry) => string): Column => ({
  title,
  number: false,
  value,
  show: (entry) => escape(printable(value(entry), 120)),
});
const figure = (
  title: string,
  value: (entry: Entry) => number | null,
  format: (value: number | null) => string,
): Column => ({ title, number: true, value, show: (entry) => format(value(entry)) });

const columns: readonly Column[] = [
  text('layer', ({ layer }) => layer.id),
  figure(
    'block',
    ({ layer }) => layer.block,
    (value) => (value === null ? '' : String(value)),
  ),
  text('part', ({ layer }) => parts[layer.part]),
  text('role', ({ layer }) => layer.role),
  text('op', ({ layer }) => layer.op),
  {
    title: 'weights',
    number: true,
    value: ({ layer }) => layer.parameters,
    show: ({ layer }, inspection) => escape(weightsText(inspection, layer)),
  },
  figure('params', ({ layer }) => layer.parameters, formatCount),
  figure('bytes', ({ layer }) => layer.weightBytes, formatBytes),
  figure('MACs', ({ layer }) => layer.macs, formatCount),
  figure('time', ({ figures }) => figures.timeMs, formatMs),
  figure('share', ({ figures }) => figures.share, formatShare),
  {
    title: '',
    number: true,
    value: ({ figures }) => figures.share,
    show: ({ figures: { share } }, _, most) =>
      share === null || most <= 0
        ? ''
        : `<svg aria-hidden="true"><rect width="${percent(share / most)}" height="100%" rx="2"/></svg>`,
  },
];

function layers(inspection: Inspection, profile: Profile | undefined): string {
  const shown = columns.filter(({ title }) => profile || title !== 'time');
  const head = shown.map(({ title, number }) =>
    title === ''
      ? '<th><button aria-label="share, as a bar"></button></th>'
      : `<th scope="col"${number ? ' class="n"' : ''}><button>${title}</button></th>`,
  );
  const { entries } = layerTable(inspection, profile);
  const most = Math.max(0, ...entries.map(({ figures }) => figures.share ?? 0));
  const rows = entries.map((entry) => {
    const cells = shown.map(({ number, value, show }) => {
      const raw = value(entry);
      const content = show(entry, inspection, most);
      return `<td${number ? ' class="n"' : ''} data-v="${raw === null ? '' : escape(String(raw))}">${content}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  const share = profile ? 'the layers’ time' : 'the MACs';
  return `<section><h2>Layers <span class="quiet">${entries.length} layers · ${inspection.nodes.length} nodes · share of ${share}, up to ${formatShare(most)}</span></h2>
<div class="scroll"><table class="layers sortable"><thead><tr>${head.join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>${unattributed(profile)}</section>`;
}

function unattributed(profile: Profile | undefined): string {
  const rest = profile?.measured.unattributedMs;
  return rest === undefined || rest === null
    ? ''
    : `<p class="quiet">Unattributed: ${formatMs(rest)} of a plain run of ${formatMs(profile?.measured.plainLatencyMs?.median)} is in no layer.</p>`;
}

function unknown({ unknown: all }: Inspection): string {
  if (all.length === 0) return '';
  const lines = all
    .slice(0, 200)
    .map(
      ({ node, what, why }) =>
        `<li>${escape(printable(node, 120))}: ${escape(what)}, ${escape(printable(why))}</li>`,
    );
  const rest = all.length > 200 ? `<li>… and ${all.length - 200} more</li>` : '';
  return `<section><h2>Not known</h2><ul class="quiet">${lines.join('')}${rest}</ul></section>`;
}
