import { formatBytes, formatFactor, formatShare, formatSmall } from '../../src/base/format';
import { printable } from '../../src/base/text';
import type { CandidateView } from '../../src/protocol/sensitivity';
import { inputsText } from '../damage';
import { Button, Dropdown } from '../kit';
import { commonest, frontier, placed } from '../pareto';
import { CandidateChart } from './candidateChart';
import type { ViewProps } from './props';
import './candidates.css';

/** Everything that was measured against this model: what was built, and files of other tools. */
export function Candidates({ state, dashboard, act }: ViewProps) {
  const candidates = dashboard.candidates ?? [];
  const { candidatesTable: asTable, candidatesBySpeed: bySpeed, sensitivityLinear } = state.view;
  const isEmpty = candidates.length < 2;
  return (
    <section class="candidates" aria-labelledby="candidates">
      <div class="section-head">
        <h2 id="candidates">Candidates</h2>
        {!isEmpty && <span class="quiet">{standsOn(candidates)}</span>}
        <span class="sensitivity-act">
          {!isEmpty && !asTable && (
            <Dropdown
              class="candidates-by"
              label="What damage is held against"
              value={bySpeed ? 'speed' : 'size'}
              options={[
                { value: 'size', title: 'size' },
                { value: 'speed', title: 'speed' },
              ]}
              onChoose={(value) => act.setView({ candidatesBySpeed: value === 'speed' })}
            />
          )}
          {!isEmpty && (
            <button
              type="button"
              class="link"
              aria-label={`Candidates ${asTable ? 'as a chart' : 'as a table'}`}
              onClick={() => act.setView({ candidatesTable: !asTable })}
            >
              {asTable ? 'As a chart' : 'As a table'}
            </button>
          )}
          <Button
            tip="Measures another file against this model, whoever made it"
            disabled={dashboard.busy !== undefined}
            onPress={() => act.addCandidate()}
          >
            Add a Candidate…
          </Button>
        </span>
      </div>
      {isEmpty ? (
        <p class="quiet next-empty">
          Nothing is measured against this model yet: build a recipe and measure it, or add a file
          that another tool has made.
        </p>
      ) : asTable ? (
        <CandidateTable candidates={candidates} />
      ) : (
        <CandidateChart candidates={candidates} bySpeed={bySpeed} linear={sensitivityLinear} />
      )}
      {!isEmpty && <p class="caption">{caption(candidates, bySpeed)}</p>}
    </section>
  );
}

function CandidateTable({ candidates }: { readonly candidates: readonly CandidateView[] }) {
  const metric = candidates[0]?.metric ?? '';
  return (
    <div class="figures-scroll" tabIndex={0} role="region" aria-label="Candidates, as a table">
      <table class="figures">
        <thead>
          <tr>
            {['candidate', 'size', 'speed', metric, '95 % interval', 'accuracy', 'measured on'].map(
              (title) => (
                <th scope="col" key={title}>
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {candidates.map((candidate) => {
            const { file, name, isOriginal, bytes, speed, damage, interval, accuracy } = candidate;
            return (
              <tr key={file}>
                <th scope="row" data-tip={printable(file, 400)}>
                  {printable(name, 80)}
                  {isOriginal && <span class="quiet"> original</span>}
                </th>
                <td>{formatBytes(bytes)}</td>
                <td>{formatFactor(speed)}</td>
                <td>{formatSmall(damage)}</td>
                <td>
                  {interval
                    ? `${formatSmall(interval.low)} to ${formatSmall(interval.high)}`
                    : formatSmall(null)}
                </td>
                <td>{formatShare(accuracy)}</td>
                <td>{isOriginal ? '' : inputsText(candidate)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** What most of the points stand on. */
function standsOn(candidates: readonly CandidateView[]): string {
  const one = commonest(candidates);
  return one ? `${one.metric} against the original · ${inputsText(one)}` : '';
}

function caption(candidates: readonly CandidateView[], bySpeed: boolean): string {
  const points = placed(candidates, bySpeed);
  const best = frontier(points, bySpeed).length;
  const left = candidates.length - points.length;
  const odd = points.filter(({ isOdd }) => isOdd).length;
  return [
    `The line joins the ${best} that nothing measured here beats in both ${bySpeed ? 'speed' : 'size'} and damage.`,
    odd > 0 && `${odd} hollow: measured on other data, so their damage does not compare.`,
    left > 0 && `${left} without a figure of damage stand in the table only.`,
    candidates.some(({ data }) => data === 'synthetic') &&
      'Figures on synthetic inputs say little about your data.',
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ');
}
