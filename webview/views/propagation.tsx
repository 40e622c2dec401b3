import { useState } from 'preact/hooks';
import { formatShare } from '../../src/base/format';
import { printable } from '../../src/base/text';
import type { PropagationRow, SensitivityView } from '../../src/protocol/sensitivity';
import type { DashboardState } from '../../src/protocol/viewApi';
import { logAxis, tickText, type Axis } from '../axis';
import { exact, shortProbe } from '../damage';
import { Dropdown } from '../kit';
import { roleText } from '../roles';
import { Lines, placeAt, Plot } from '../widgets/plot';
import { useRoving } from '../widgets/roving';
import './propagation.css';

type Blocks = NonNullable<DashboardState['blocks']>;

interface Props {
  readonly view: SensitivityView;
  readonly blocks: Blocks;
  readonly selected: ReadonlySet<string>;
  readonly onPress: (layer: string) => void;
}

/**
 * Where the error enters and where it is amplified: a small chart for each role, in it a line for each layer, from its own output through the
 * ends of the blocks that follow to the model's output.
 */
export function Propagation({ view, blocks, selected, onPress }: Props) {
  const all = view.propagation;
  const probes = [...new Set(all.map(({ probe }) => probe))];
  const [chosen, choose] = useState('');
  const probe = probes.includes(chosen) ? chosen : (probes[0] ?? '');
  if (all.length === 0) return null;
  const rows = all.filter((row) => row.probe === probe);
  const titles = new Map(view.probes.map(({ name, title }) => [name, shortProbe(title)]));
  const figures = rows.flatMap(({ local, blocks: ends, output }) => [
    ...[local, output],
    ...ends.map(({ error }) => error),
  ]);
  const y = logAxis(figures, tickText);
  const roles = [...new Set(rows.map(({ role }) => role))];
  return (
    <div class="propagation">
      <h3>
        Where the error enters, and where it grows
        <span class="quiet"> error over signal, from the layer’s own output to the model’s</span>
        {probes.length > 1 ? (
          <Dropdown
            label="Way of compressing whose error is followed"
            value={probe}
            options={probes.map((value) => ({ value, title: titles.get(value) ?? value }))}
            onChoose={choose}
          />
        ) : (
          <span class="quiet"> · {titles.get(probe) ?? probe}</span>
        )}
      </h3>
      <p class="caption propagation-text">{growthText(rows)}</p>
      <div class="propagation-charts">
        {roles.map((role) => (
          <RoleChart
            key={role}
            role={role}
            rows={rows.filter((row) => row.role === role)}
            {...{ y, blocks, selected, onPress }}
          />
        ))}
      </div>
    </div>
  );
}

interface ChartProps extends Pick<Props, 'blocks' | 'selected' | 'onPress'> {
  readonly role: string;
  readonly rows: readonly PropagationRow[];
  readonly y: Axis;
}

function RoleChart({ role, rows, y, blocks, selected, onPress }: ChartProps) {
  const mark = useRoving(rows.map((_, at) => ({ row: 0, at })));
  const lines = rows.map((row) => ({ row, points: pointsOf(row, blocks) }));
  const x: Axis = { at: (value) => value, ticks: ticksOf(blocks) };
  return (
    <div data-roving role="group" aria-label={`${role}: error from layer to output`}>
      <Plot class="propagation-chart" y={y} x={x} yTitle={role}>
        <Lines
          lines={lines.map(({ row, points }) => ({
            class: selected.has(row.id) ? 'is-selected' : '',
            points: points.map(([at, error]) => [at, y.at(error)] as const),
          }))}
        />
        {lines.map(({ row, points: [first] }, at) => {
          const tip = rowTip(row);
          return (
            <button
              type="button"
              class="propagation-start"
              key={row.id}
              style={placeAt(first?.[0] ?? 0, y.at(row.local))}
              aria-pressed={selected.has(row.id)}
              data-tip={tip}
              aria-label={tip.replaceAll('\n', ', ')}
              onClick={() => onPress(row.id)}
              {...mark({ row: 0, at })}
            />
          );
        })}
      </Plot>
    </div>
  );
}

/** Blocks stand side by side, what comes before them at the left and the model's output at the right; a layer in the middle of its block. */
function pointsOf(
  { block, local, blocks: ends, output }: PropagationRow,
  blocks: Blocks,
): readonly (readonly [x: number, error: number])[] {
  const places = new Map(blocks.map(({ id }, at) => [id, at]));
  const xOf = (place: number) => (place + 1) / (blocks.length + 2);
  const inside = ends.flatMap(({ id, error }) => {
    const at = places.get(id);
    return at === undefined ? [] : [[xOf(at + 1), error] as const];
  });
  const first = inside[0]?.[0];
  const start =
    block !== null ? xOf(block + 0.4) : first === undefined ? xOf(blocks.length + 0.2) : 0.01;
  return [[start, local], ...inside, [1, output]];
}

function ticksOf(blocks: Blocks): Axis['ticks'] {
  const step = Math.ceil(blocks.length / 8);
  const numbers = blocks.flatMap(({ index }, at) =>
    at % step === 0 && (at + 1.5) / (blocks.length + 2) < 0.86
      ? [{ at: (at + 1.5) / (blocks.length + 2), label: String(index) }]
      : [],
  );
  return [{ at: 0, label: '' }, ...numbers, { at: 1, label: 'output' }];
}

function rowTip({ name, local, blocks, output }: PropagationRow): string {
  const own = blocks[0];
  return [
    printable(name),
    `${exact(local)} where it enters`,
    ...(own ? [`${exact(own.error)} at the end of its block`] : []),
    `${exact(output)} at the model’s output: ${growth({ local, output })}`,
  ].join('\n');
}

function growth({ local, output }: Pick<PropagationRow, 'local' | 'output'>): string {
  if (!(local > 0) || !(output > 0)) return '–';
  return output >= local
    ? `grown ${(output / local).toPrecision(2)}x`
    : `down to ${formatShare(output / local)}`;
}

/** Which role's error grows most on its way, by the median of its layers. */
function growthText(rows: readonly PropagationRow[]): string {
  const roles = [...new Set(rows.map(({ role }) => role))];
  const medians = roles
    .map((role) => ({ role, ratio: medianGrowth(rows.filter((row) => row.role === role)) }))
    .filter(({ ratio }) => ratio > 0)
    .sort((a, b) => b.ratio - a.ratio);
  const [most] = medians;
  const least = medians.at(-1);
  if (!most || !least || most === least) return '';
  const text = (ratio: number) =>
    ratio >= 1 ? `grows ${ratio.toPrecision(2)}x` : `shrinks to ${formatShare(ratio)}`;
  return `From the layer to the model’s output the error of ${roleText(most.role)} ${text(most.ratio)}, that of ${roleText(least.role)} ${text(least.ratio)}: medians over their layers.`;
}

function medianGrowth(rows: readonly PropagationRow[]): number {
  const ratios = rows
    .filter(({ local }) => local > 0)
    .map(({ local, output }) => output / local)
    .sort((a, b) => a - b);
  return ratios[(ratios.length - 1) >> 1] ?? 0;
}
