import { formatSmall } from '../../src/base/format';
import type { SensitivityView, SensitivityViewLine } from '../../src/protocol/sensitivity';
import { damageText } from '../damage';

interface Props {
  readonly view: SensitivityView;
}

/** The map's figures with their intervals, to read, to copy and to listen to. */
export function DamageTable({
  view,
  lines,
}: Props & { readonly lines: readonly SensitivityViewLine[] }) {
  return (
    <div
      class="figures-scroll damage-table"
      tabIndex={0}
      role="region"
      aria-label="Sensitivity, as a table"
    >
      <table class="figures">
        <Head first="layer" second="role" view={view} />
        <tbody>
          {lines.map((line) => (
            <tr key={line.id} class={`part-${line.part}`}>
              <th scope="row">
                <i class="swatch" />
                {line.name}
              </th>
              <td>{line.role}</td>
              {line.cells.map((cell, at) => (
                <td key={view.probes[at]?.name}>{damageText(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether value and output projections suffer most: means over the layers of a role. */
export function RoleTable({ view }: Props) {
  return (
    <div class="figures-scroll" tabIndex={0} role="region" aria-label="Mean sensitivity by role">
      <table class="figures">
        <Head first="mean by role" second="layers" view={view} />
        <tbody>
          {view.roles.map(({ role, layers, means }) => (
            <tr key={role}>
              <th scope="row">{role}</th>
              <td>{layers}</td>
              {means.map((mean, at) => (
                <td key={view.probes[at]?.name}>{formatSmall(mean)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ first, second, view }: Props & { first: string; second: string }) {
  return (
    <thead>
      <tr>
        {[first, second, ...view.probes.map(({ title }) => title)].map((title) => (
          <th scope="col" key={title}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}
