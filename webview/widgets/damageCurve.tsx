import type { DamageCell, DamageGrid } from '../../src/protocol/sensitivity';
import { linearAxis, logAxis, tickText } from '../axis';
import { damageText } from '../damage';
import { Lines, placeAt, Plot } from './plot';
import './damageCurve.css';

interface Props {
  readonly probes: DamageGrid['probes'];
  readonly cells: readonly (DamageCell | null)[];
  /** "KL divergence (nats)". */
  readonly metric: string;
  readonly linear: boolean;
  /** Figures of other layers: the axis is the same for all of them. */
  readonly range: readonly number[];
}

type Kind = DamageGrid['probes'][number]['strength']['kind'];

/** Ways of leaving less of a weight, in the order of their stretches along the curve. */
const families = {
  bits: { caption: 'bits', label: (value: number) => String(value) },
  share: { caption: '% kept', label: (value: number) => percent(value) },
  energy: { caption: '% energy', label: (value: number) => percent(value) },
} as const satisfies Record<Kind, { caption: string; label: (value: number) => string }>;

const percent = (value: number) => String(Math.round(value * 1000) / 10);

interface Point {
  readonly label: string;
  readonly title: string;
  readonly cell: DamageCell | null;
  /** From 0 to 1. */
  readonly x: number;
}

/**
 * What becomes of the answers as less of a layer's weight is left: fewer bits, fewer elements, a lower rank beside one another on one scale of
 * damage, so that "4-bit" and "50 % pruned" can be compared.
 */
export function DamageCurve({ probes, cells, metric, linear, range }: Props) {
  const stretches = stretchesOf(probes, cells);
  const axis = (linear ? linearAxis : logAxis)(range, tickText);
  const all = stretches.flatMap(({ points }) => points);
  const label = all.map(({ title, cell }) => `${title} ${figureText(cell)}`).join(', ');
  return (
    <Plot
      class="damage-curve"
      label={`${metric}: ${label}`}
      y={axis}
      yTitle={metric}
      below={<Stretches stretches={stretches} />}
    >
      <Lines
        lines={stretches.map(({ points }) => ({
          points: points.flatMap(({ x, cell }) => (cell ? [[x, axis.at(cell.damage)]] : [])),
        }))}
      />
      {all.flatMap(({ x, title, cell }) => {
        if (!cell) return [];
        const bottom = axis.at(Math.max(0, cell.low));
        const top = axis.at(Math.min(cell.high, Math.max(...range)));
        return [
          <i
            class="curve-spread"
            key={`${title} spread`}
            style={{ ...placeAt(x, bottom), height: `${Math.max(0, top - bottom) * 100}%` }}
          />,
          <i
            class="curve-point"
            key={title}
            data-settled={cell.settled}
            data-tip={`${title}\n${figureText(cell)}`}
            style={placeAt(x, axis.at(cell.damage))}
          />,
        ];
      })}
    </Plot>
  );
}

const figureText = (cell: DamageCell | null): string =>
  `${damageText(cell)}${cell?.settled === false ? ', not settled' : ''}`;

interface Stretch {
  readonly caption: string;
  readonly points: readonly Point[];
  /** Of its caption, from 0 to 1. */
  readonly middle: number;
}

/** Places that a family takes along the curve however few its members are, for its caption. */
const leastPlaces = 2;

/** The families that were asked about, each from much to little left, one place free between them. */
function stretchesOf(
  probes: DamageGrid['probes'],
  cells: readonly (DamageCell | null)[],
): readonly Stretch[] {
  const own = (Object.keys(families) as Kind[])
    .map((kind) => ({
      kind,
      members: probes
        .map(({ title, strength }, at) => ({ title, strength, cell: cells[at] ?? null }))
        .filter(({ strength }) => strength.kind === kind)
        .sort((a, b) => b.strength.value - a.strength.value),
    }))
    .filter(({ members }) => members.length > 0);
  const widths = own.map(({ members }) => Math.max(members.length, leastPlaces));
  const places = widths.reduce((sum, width) => sum + width + 1, -1);
  let start = 0;
  return own.map(({ kind, members }, family) => {
    const { caption, label } = families[kind];
    const width = widths[family] ?? leastPlaces;
    const points = members.map(({ title, strength, cell }, at) => {
      const x = (start + ((at + 0.5) * width) / members.length) / places;
      return { label: label(strength.value), title, cell, x };
    });
    start += width + 1;
    return { caption, points, middle: (start - 1 - width / 2) / places };
  });
}

function Stretches({ stretches }: { readonly stretches: readonly Stretch[] }) {
  return (
    <>
      <div class="plot-x curve-x" aria-hidden="true">
        {stretches.flatMap(({ caption, points }) =>
          points.map(({ x, label }) => (
            <span key={`${caption} ${label} ${x}`} style={{ left: `${x * 100}%` }}>
              {label}
            </span>
          )),
        )}
      </div>
      <div class="plot-x curve-x" aria-hidden="true">
        {stretches.map(({ caption, middle }) => (
          <span key={caption} style={{ left: `${middle * 100}%` }}>
            {caption}
          </span>
        ))}
      </div>
    </>
  );
}
