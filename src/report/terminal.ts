import { formatBytes, formatCount, formatMs, formatShare } from '../base/format';
import { parts } from '../base/terms';
import { printable } from '../base/text';
import type { Inspection, Profile } from '../protocol/types';
import { displayWidth, textBar, textTable, wrapText, type TextColumn } from './columns';
import { findInsights } from './insights';
import type { Palette } from './paint';
import { presentParts, splits, type Split } from './split';
import { layerTable, weightsText, type Entry } from './table';
import {
  dimensionsLine,
  headlines,
  measuredLine,
  modelName,
  originLine,
  structureLine,
} from './words';

export interface TerminalOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** How many layers to list, the costliest first. */
  readonly layers: number;
  readonly palette: Palette;
}

/** The report as text for a terminal: what it is, where it goes, what stands out, and the costliest layers. Ends with a line break. */
export function terminalReport(
  inspection: Inspection,
  profile: Profile | undefined,
  options: TerminalOptions,
): string {
  return [
    header(inspection, profile, options),
    whereItGoes(inspection, profile, options),
    whatStandsOut(inspection, profile, options),
    costliest(inspection, profile, options),
    footnotes(inspection, profile, options),
  ]
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function header(
  inspection: Inspection,
  profile: Profile | undefined,
  { palette, width }: TerminalOptions,
): string[] {
  const sizes = dimensionsLine(inspection);
  const all = headlines(inspection, profile);
  const margin = Math.max(...all.map(({ figure }) => figure.length));
  const figures = all.map(
    ({ figure, label }) => `${palette.strong(figure.padStart(margin))}  ${palette.quiet(label)}`,
  );
  const quiet = [
    originLine(inspection),
    sizes === '' ? 'counted for the sizes in the file' : `counted for ${sizes}`,
    ...(profile ? [`measured on ${measuredLine(profile.measured, profile.complete)}`] : []),
  ];
  return [
    ...title(modelName(inspection), structureLine(inspection), palette, width),
    ...quiet.flatMap((line) => wrapText(line, width)).map(palette.quiet),
    '',
    ...figures.map((line) => `  ${line}`),
  ];
}

/** Quantities that a narrow screen goes without. */
const dropped: Readonly<Record<string, { drop: number }>> = {
  'peak memory': { drop: 8 },
  parameters: { drop: 7 },
  bytes: { drop: 6 },
};

/** The name and what it is, on one line where there is room. */
function title(name: string, about: string, { strong }: Palette, width: number): string[] {
  return displayWidth(`${name}  ${about}`) <= width
    ? [`${strong(name)}  ${about}`]
    : [strong(name), ...wrapText(about, width)];
}

function whereItGoes(
  inspection: Inspection,
  profile: Profile | undefined,
  { palette, width }: TerminalOptions,
): string[] {
  const all = splits(inspection, profile);
  const main = all.find(({ name }) => name === 'time') ?? all.find(({ name }) => name === 'MACs');
  const present = presentParts(all);
  if (present.length === 0) return [];
  const columns: TextColumn[] = [
    { title: 'Where it goes', align: 'left' },
    ...all.flatMap(({ name }): TextColumn[] => {
      const drop = dropped[name];
      return [
        { title: name, align: 'right', ...drop },
        { title: '', align: 'right', ...drop },
      ];
    }),
    { title: main ? `of the ${main.name}` : '', align: 'left', drop: 9 },
  ];
  const rows = present.map((part) => {
    const paint = palette.part(part);
    const of = (split: Split | undefined) => split?.pieces.find((piece) => piece.part === part);
    return [
      { text: parts[part], paint },
      ...all.flatMap((split) => {
        const piece = of(split);
        const share = piece?.share ?? null;
        return [
          { text: piece?.text ?? '' },
          { text: share === null ? '' : formatShare(share), paint: palette.quiet },
        ];
      }),
      { text: textBar(of(main)?.share ?? 0, 20), paint },
    ];
  });
  return textTable(columns, rows, { width, quiet: palette.quiet });
}

function whatStandsOut(
  inspection: Inspection,
  profile: Profile | undefined,
  { palette, width }: TerminalOptions,
): string[] {
  const insights = findInsights(inspection, profile);
  if (insights.length === 0) return [];
  const margin = Math.max(...insights.map(({ figure }) => displayWidth(figure)));
  return [
    palette.quiet('What stands out'),
    ...insights.flatMap(({ figure, text }) =>
      wrapText(text, width - margin - 3).map((line, index) =>
        index === 0
          ? `${palette.strong(figure.padStart(margin + 1))}  ${line}`
          : `${' '.repeat(margin + 3)}${line}`,
      ),
    ),
  ];
}

function costliest(
  inspection: Inspection,
  profile: Profile | undefined,
  { palette, width, layers }: TerminalOptions,
): string[] {
  const { entries } = layerTable(inspection, profile);
  const cost = ({ figures }: Entry) =>
    (profile ? figures.timeMs : figures.macs) ?? Number.NEGATIVE_INFINITY;
  const shown = [...entries].sort((a, b) => cost(b) - cost(a)).slice(0, layers);
  if (shown.length === 0) return [];
  const most = Math.max(0, ...shown.map(({ figures }) => figures.share ?? 0));
  const figure = (title: string, drop?: number): TextColumn => ({
    title,
    align: 'right',
    ...(drop === undefined ? {} : { drop }),
  });
  const columns: TextColumn[] = [
    { title: 'Costliest layers', align: 'left' },
    { title: 'role', align: 'left' },
    figure('weights', 8),
    figure('params', 7),
    figure('bytes', 6),
    figure('MACs'),
    ...(profile ? [figure('time')] : []),
    figure('share'),
    { title: '', align: 'left', drop: 9 },
  ];
  const rows = shown.map(({ layer, figures }) => [
    { text: printable(layer.id) },
    { text: layer.role, paint: palette.part(layer.part) },
    { text: weightsText(inspection, layer), paint: palette.quiet },
    { text: formatCount(figures.parameters) },
    { text: formatBytes(figures.weightBytes) },
    { text: formatCount(figures.macs) },
    ...(profile ? [{ text: formatMs(figures.timeMs) }] : []),
    { text: formatShare(figures.share) },
    {
      text: most > 0 ? textBar((figures.share ?? 0) / most, 8) : '',
      paint: palette.part(layer.part),
    },
  ]);
  const rest = entries.length - shown.length;
  const more = rest > 0 ? [palette.quiet(`… and ${rest} more: --layers ${entries.length}`)] : [];
  return [...textTable(columns, rows, { width, quiet: palette.quiet }), ...more];
}

function footnotes(
  { model, unknown }: Inspection,
  profile: Profile | undefined,
  { palette, width }: TerminalOptions,
): string[] {
  const rest = profile?.measured.unattributedMs;
  const missing = model.externalData.filter((file) => file.missing);
  return [
    ...(rest === undefined || rest === null
      ? []
      : [
          `Unattributed: ${formatMs(rest)} of a plain run of ${formatMs(profile?.measured.plainLatencyMs?.median)} is in no layer.`,
        ]),
    ...missing.map((file) => `The weights in ${printable(file.location)} are not there.`),
    ...unknown
      .slice(0, 5)
      .map(
        ({ node, what, why }) => `Not known: ${what} of ${printable(node, 80)}: ${printable(why)}`,
      ),
    ...(unknown.length > 5 ? [`… and ${unknown.length - 5} more that are not known.`] : []),
  ]
    .flatMap((line) => wrapText(line, width))
    .map(palette.quiet);
}
