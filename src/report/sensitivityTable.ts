import type { Sensitivity, SensitivityRow } from '../protocol/sensitivity';

/** A layer with what every probe does to it, in the order of the probes; undefined where that has not been measured. */
export interface SensitivityLine {
  readonly id: string;
  readonly name: string;
  readonly role: SensitivityRow['role'];
  readonly part: SensitivityRow['part'];
  readonly block: number | null;
  readonly cells: readonly (SensitivityRow | undefined)[];
}

/** Rows turned into lines of one layer each, those that suffer most under the first probe first. */
export function sensitivityLines({ layers, probes, ranking }: Sensitivity): SensitivityLine[] {
  const byId = new Map<string, SensitivityRow[]>();
  for (const row of layers) byId.set(row.id, [...(byId.get(row.id) ?? []), row]);
  const order = new Map(ranking[0]?.layers.map((id, at) => [id, at]));
  return [...byId]
    .sort(([a], [b]) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity))
    .flatMap(([id, rows]) => {
      const [first] = rows;
      if (!first) return [];
      const { name, role, part, block } = first;
      const cells = probes.map((probe) => rows.find((row) => row.probe === probe.name));
      return [{ id, name, role, part, block, cells }];
    });
}

/** The mean damage of the layers of one role, for every probe; null where none of them was measured. */
export interface RoleLine {
  readonly role: SensitivityRow['role'];
  readonly layers: number;
  readonly means: readonly (number | null)[];
}

/** Whether value and output projections suffer most: means by role, the worst under the last probe first. */
export function byRole(sensitivity: Sensitivity): RoleLine[] {
  const lines = sensitivityLines(sensitivity);
  const roles = [...new Set(lines.map((line) => line.role))];
  const last = sensitivity.probes.length - 1;
  return roles
    .map((role) => {
      const own = lines.filter((line) => line.role === role);
      const means = sensitivity.probes.map((_, at) => meanOf(own.map((line) => line.cells[at])));
      return { role, layers: own.length, means };
    })
    .sort((a, b) => (b.means[last] ?? 0) - (a.means[last] ?? 0));
}

function meanOf(cells: readonly (SensitivityRow | undefined)[]): number | null {
  const known = cells.flatMap((cell) => cell?.damage ?? []);
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0) / known.length;
}
