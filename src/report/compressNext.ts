import { printable } from '../base/text';
import type { NextStep, ProbeFacts, Sensitivity, SensitivityRow } from '../protocol/sensitivity';
import type { Inspection, Profile } from '../protocol/types';
import { blockWords } from './recipeWords';
import { roleWords } from './roleWords';
import { addKnown } from './sums';
import type { Choices } from './table';
import { layerTime } from './times';

/** A list that is longer than this is a table, and the table has sensitivity columns. */
const most = 12;
/** A layer that suffers this many times as much as its like do, beyond both their intervals, is judged by itself. */
const apart = 4;
/** Damage below this share of the worst single layer's counts as none: it must not rank what saves next to nothing first. */
const negligible = 1e-3;

type Step = NonNullable<ProbeFacts['step']>;
type Sized = SensitivityRow & { readonly bytes: NonNullable<SensitivityRow['bytes']> };

/** Rows that one step would make smaller together. */
interface Group {
  readonly probe: ProbeFacts;
  readonly step: Step;
  readonly rows: readonly Sized[];
}

/**
 * "What to compress next": steps for the layers of one role, or for single layers that suffer far more than their like, by what they save
 * for their damage. Layers that the recipe compresses already are left out, and so is a step where another one for some of its layers
 * saves as much and hurts as little. The damage of several layers is the sum of what each did by itself: an estimate.
 */
export function nextSteps(
  sensitivity: Sensitivity,
  inspection: Inspection,
  profile?: Profile,
  choices?: Choices,
): NextStep[] {
  const groups = groupsOf(sensitivity, (id) => (choices?.get(id)?.factor ?? null) === null);
  const shareOf = timeShares(inspection, profile);
  const steps = groups.map((group) => stepOf(group, shareOf));
  const worst = Math.max(0, ...groups.flatMap(({ rows }) => rows.map(({ damage }) => damage)));
  const worth = ({ bytes, damage }: NextStep) =>
    (bytes.before - bytes.after) / (Math.max(damage, 0) + worst * negligible || 1);
  return steps
    .filter((step) => !steps.some((other) => dominates(other, step)))
    .sort((a, b) => worth(b) - worth(a))
    .slice(0, most);
}

function groupsOf({ layers, probes }: Sensitivity, isFree: (layer: string) => boolean): Group[] {
  return probes.flatMap((probe) => {
    const { step } = probe;
    if (!step || probe.unit !== 'layer') return [];
    const rows = layers.filter(
      (row): row is Sized =>
        row.probe === probe.name &&
        row.bytes !== null &&
        row.bytes.after < row.bytes.before &&
        isFree(row.id),
    );
    const roles = [...new Set(rows.map(({ role }) => role))];
    return roles.flatMap((role) =>
      split(rows.filter((row) => row.role === role)).map((own) => ({ probe, step, rows: own })),
    );
  });
}

/** Layers that are alike together, and every one that stands apart by itself. */
function split(rows: readonly Sized[]): readonly (readonly Sized[])[] {
  const byDamage = [...rows].sort((a, b) => a.damage - b.damage);
  const middle = byDamage[(byDamage.length - 1) >> 1];
  const isApart = (row: Sized) => middle !== undefined && row.low > apart * middle.high;
  const alike = rows.filter((row) => !isApart(row));
  return [alike, ...rows.filter(isApart).map((row) => [row])].filter((own) => own.length > 0);
}

function stepOf({ probe, step, rows }: Group, shareOf: (ids: readonly string[]) => number | null) {
  const layers = rows.map(({ id }) => id);
  const sum = (of: (row: Sized) => number) => rows.reduce((all, row) => all + of(row), 0);
  const what = layersWords(rows);
  return {
    ...{ title: `${probe.title} for ${what}`, how: probe.title, what, layers },
    ...{ action: step.action, params: { ...step.params } },
    bytes: { before: sum(({ bytes }) => bytes.before), after: sum(({ bytes }) => bytes.after) },
    timeShare: shareOf(layers),
    damage: sum(({ damage }) => damage),
    low: sum(({ low }) => low),
    high: sum(({ high }) => high),
  } satisfies NextStep;
}

/** "encoder.layer.0.attention.value", "6 value projections, blocks 0 to 5". */
function layersWords(rows: readonly Sized[]): string {
  const [first] = rows;
  if (!first) return '';
  if (rows.length === 1) return printable(first.name, 60);
  const blocks = rows.flatMap(({ block }) => block ?? []);
  const where = blocks.length === rows.length ? `, ${blockWords(blocks)}` : '';
  return `${rows.length} ${roleWords[first.role].many}${where}`;
}

/** Whether two steps compete for a layer and the first is nowhere worse, and somewhere better. */
function dominates(a: NextStep, b: NextStep): boolean {
  if (a === b || !a.layers.some((layer) => b.layers.includes(layer))) return false;
  const gain = a.bytes.before - a.bytes.after - (b.bytes.before - b.bytes.after);
  return gain >= 0 && a.damage <= b.damage && (gain > 0 || a.damage < b.damage);
}

function timeShares({ layers }: Inspection, profile: Profile | undefined) {
  const all = profile ? addKnown(layers, ({ id }) => layerTime(profile, id)?.timeMs) : null;
  return (ids: readonly string[]): number | null => {
    const own = profile ? addKnown(ids, (id) => layerTime(profile, id)?.timeMs) : null;
    return own === null || all === null || all <= 0 ? null : own / all;
  };
}
