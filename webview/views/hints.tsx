import { formatShare, formatSmall } from '../../src/base/format';
import { printable } from '../../src/base/text';
import type { SensitivityView } from '../../src/protocol/sensitivity';
import { shortProbe } from '../damage';

interface Props {
  readonly hints: SensitivityView['hints'];
  /** Folded where something was measured: that says more. */
  readonly folded: boolean;
  readonly onGoTo: (layer: string) => void;
}

/** What the weights alone tell. Never called sensitivity: it ranks layers badly. */
export function Hints({ hints, folded, onGoTo }: Props) {
  const { probes, lines, omitted } = hints;
  if (lines.length === 0) return null;
  return (
    <details class="hints" open={!folded}>
      <summary>
        Hints from the weights alone
        <span class="quiet"> nothing was run: they tell little about the model’s answers</span>
      </summary>
      <div class="figures-scroll damage-table" tabIndex={0} role="region" aria-label="Hints">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">layer</th>
              <th scope="col" data-tip="Largest magnitude over the root mean square">
                outliers
              </th>
              <th scope="col" data-tip="Widest over median range of its channels">
                channel spread
              </th>
              <th scope="col">zeros</th>
              {probes.map((title) => (
                <th
                  scope="col"
                  key={title}
                  data-tip="Energy of the weight over the energy of what is changed, in dB: more is better"
                >
                  {shortProbe(title)}, dB kept
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(({ id, outlierRatio, channelSpread, zeros, snrDb }) => (
              <tr key={id}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => onGoTo(id)}>
                    {printable(id)}
                  </button>
                </th>
                <td>{outlierRatio.toFixed(1)}x</td>
                <td>{channelSpread.toFixed(1)}x</td>
                <td>{formatShare(zeros)}</td>
                {snrDb.map((db, at) => (
                  <td key={probes[at]}>{db === null ? formatSmall(null) : db.toFixed(1)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {omitted > 0 && (
        <p class="caption">{omitted} more layers keep more and are not shown; exports have them.</p>
      )}
    </details>
  );
}
