/** Figures of layers under choices; undefined where there is none. */
type Table = readonly (readonly (number | undefined)[])[];

/** Of what a figure differs from the pattern, the share that is believed: about half is the few samples' doing. */
const believed = 0.5;
const rounds = 8;
/** Less damage than this cannot be told from none. */
const least = 1e-12;

/**
 * Damages as they should be expected elsewhere, for rows of layers and columns of choices. The best of hundreds of figures is one that was
 * lucky on the samples: a plan chosen by the figures themselves promises less damage than it does. Layers differ by a factor and choices by
 * another, the same for all layers, as a rule: each figure is drawn half way, in logarithms, to what the two factors say (an empirical
 * Bayes estimate towards an additive model; Efron and Morris 1975). A figure that is 0 or less is left as it is.
 */
export function shrunk(table: Table): (number | undefined)[][] {
  const logs = table.map((row) =>
    row.map((value) => (value !== undefined && value > least ? Math.log(value) : undefined)),
  );
  const width = Math.max(0, ...table.map((row) => row.length));
  let rows = table.map(() => 0);
  let columns = Array.from({ length: width }, () => 0);
  for (let round = 0; round < rounds; round++) {
    rows = logs.map((row) => meanOf(row.map((value, at) => minus(value, columns[at]))));
    columns = columns.map((_, at) => meanOf(logs.map((row, of) => minus(row[at], rows[of]))));
  }
  return table.map((row, of) =>
    row.map((value, at) => {
      const log = logs[of]?.[at];
      if (log === undefined) return value;
      const pattern = (rows[of] ?? 0) + (columns[at] ?? 0);
      return Math.exp(pattern + believed * (log - pattern));
    }),
  );
}

const minus = (value: number | undefined, other = 0) =>
  value === undefined ? undefined : value - other;

function meanOf(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}
