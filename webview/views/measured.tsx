import type { ComparisonLine, ComparisonView } from '../../src/protocol/recipeView';
import { Button } from '../kit';
import { baseName } from './facts';
import { DataLine } from '../widgets/dataLine';
import { Changes, FurthestOff, Kernels } from './proof';
import type { ViewProps } from './props';
import { DataLink } from './recipe';
import './measured.css';

type Props = Omit<ViewProps, 'state'>;

/** The original against what was built from the recipe. */
export function Measured({ dashboard, act }: Props) {
  const { comparison, recipe } = dashboard;
  return (
    <div class="measured">
      <div class="section-head">
        <h2 id="measured">Measured</h2>
        {comparison && <span class="quiet">original above, candidate below</span>}
        {comparison?.complete && (
          <button type="button" class="link at-end" onClick={() => act.exportComparison()}>
            Export…
          </button>
        )}
      </div>
      {recipe && <MeasureRow dashboard={dashboard} act={act} />}
      {comparison ? (
        <Report comparison={comparison} act={act} />
      ) : (
        <p class="quiet measured-empty">
          {recipe?.candidate
            ? 'Measure compares what was built with the original: answers, time, memory, kernels.'
            : 'Once the recipe is built, the result is compared with the original here.'}
        </p>
      )}
    </div>
  );
}

function MeasureRow({ dashboard, act }: Props) {
  const { recipe, comparison, busy, trusted, settings } = dashboard;
  const candidate = recipe?.candidate;
  // A recipe that names none is measured on what was chosen for the model.
  const evaluation = recipe?.data.evaluation ?? (settings.data && baseName(settings.data));
  const wanted = candidate?.current && !(comparison?.complete && comparison.current);
  return (
    <div class="outlook">
      <dl class="outlook-figures">
        <dt>evaluation</dt>
        <dd>
          <DataLink name={evaluation} use="evaluation" act={act} />
        </dd>
      </dl>
      <div class="outlook-act">
        <Button
          class="recipe-button"
          look={wanted ? 'primary' : 'secondary'}
          disabled={!candidate || busy !== undefined || recipe.busy !== undefined}
          tip={trusted ? 'Runs both models in turn' : 'Asks you to trust this workspace first'}
          onPress={() => act.measure()}
        >
          Measure
        </Button>
      </div>
    </div>
  );
}

interface ReportProps extends Pick<Props, 'act'> {
  readonly comparison: ComparisonView;
}

function Report({ comparison, act }: ReportProps) {
  const { lines, conditions, candidate, current } = comparison;
  return (
    <>
      <div class="report" role="table" aria-label="Original and candidate">
        {lines.map((line) => (
          <ReportLine line={line} key={line.id} />
        ))}
        <Kernels comparison={comparison} act={act} />
        <FurthestOff comparison={comparison} act={act} />
        <Changes comparison={comparison} act={act} />
      </div>
      <p class="caption">
        {baseName(candidate)} · {conditions}
        {!current && ' · measured before the last change'}
      </p>
      <DataLine facts={comparison.facts} />
    </>
  );
}

function ReportLine({ line }: { readonly line: ComparisonLine }) {
  const { title, reference, candidate, verdict, note, bars, tone } = line;
  return (
    <div class="report-line" role="row">
      <span class="report-title quiet" role="rowheader">
        {title}
      </span>
      <span class="report-figures" role="cell">
        {reference !== '' && <span class="report-reference">{reference}</span>}
        <span class="report-candidate">{candidate}</span>
      </span>
      <span class="report-bars" role="presentation" aria-hidden="true">
        {bars && (
          <>
            <i class="bar-reference" style={{ width: `${bars.reference * 100}%` }} />
            <i class="bar-candidate" style={{ width: `${bars.candidate * 100}%` }} />
          </>
        )}
      </span>
      <span class="report-verdict" role="cell" data-tone={tone ?? undefined}>
        {verdict}
        <span class="report-note">{note}</span>
      </span>
    </div>
  );
}
