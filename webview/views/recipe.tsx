import { formatBytes, formatRatio } from '../../src/base/format';
import type { RecipeView } from '../../src/protocol/recipeView';
import { Button, Ring } from '../kit';
import { baseName } from './facts';
import { Measured } from './measured';
import type { ViewProps } from './props';
import { Steps } from './steps';
import './recipe.css';

type Props = Omit<ViewProps, 'state'>;

/** What is to be done to the model, and what became of it. */
export function Recipe({ dashboard, act }: Props) {
  const { recipe, comparison } = dashboard;
  if (!recipe && !comparison) {
    return (
      <section class="recipe" aria-labelledby="recipe">
        <div class="section-head">
          <h2 id="recipe">Recipe</h2>
        </div>
        <div class="recipe-empty">
          <span>
            No layer is made lighter yet: choose an action for layers in the table, or let all of
            them be quantized.
          </span>
          <Button onPress={() => act.quantizeModel()}>Quantize Model…</Button>
        </div>
      </section>
    );
  }
  return (
    <section class="recipe recipe-columns" aria-labelledby={recipe ? 'recipe' : 'measured'}>
      {recipe && <Plan recipe={recipe} dashboard={dashboard} act={act} />}
      <Measured dashboard={dashboard} act={act} />
    </section>
  );
}

interface PlanProps extends Props {
  readonly recipe: RecipeView;
}

/** The steps, what they would give, and the way to have it. */
function Plan({ recipe, dashboard, act }: PlanProps) {
  const { file, steps, problem, error } = recipe;
  return (
    <div class="recipe-plan">
      <div class="section-head">
        <h2 id="recipe">Recipe</h2>
        <button type="button" class="link file" onClick={() => act.openRecipe()}>
          {file}
        </button>
        <span class="quiet">{steps.length === 1 ? '1 step' : `${steps.length} steps`}</span>
        <button type="button" class="link at-end" onClick={() => act.quantizeModel()}>
          Quantize model…
        </button>
      </div>
      {problem && (
        <p class="recipe-problem" role="alert">
          {problem}
        </p>
      )}
      {error && (
        <p class="recipe-problem" role="alert">
          {error.message} {error.hint && <span class="quiet">{error.hint}</span>}
        </p>
      )}
      <Outlook recipe={recipe} dashboard={dashboard} act={act} />
      <Steps steps={steps} act={act} />
    </div>
  );
}

/** What the steps would give and what they gave, the data they use, and the button to build. */
function Outlook({ recipe, dashboard, act }: PlanProps) {
  const { bytes, busy, candidate, steps, problem, data } = recipe;
  const fresh = candidate?.current ?? false;
  const blocked = dashboard.busy !== undefined || steps.length === 0 || problem !== null;
  return (
    <div class="outlook">
      <dl class="outlook-figures">
        <dt>predicted</dt>
        <dd>{bytes ? sizes(bytes.before, bytes.after) : '–'}</dd>
        <dt>built</dt>
        <dd>
          {candidate ? formatBytes(candidate.bytes) : '–'}
          {candidate && (
            <>
              {', '}
              <button
                type="button"
                class="link file"
                data-tip={candidate.file}
                onClick={() => act.openCandidate()}
              >
                {baseName(candidate.file)}
              </button>
              {!fresh && <span class="quiet"> before the last change</span>}
            </>
          )}
        </dd>
        <dt>calibration</dt>
        <dd>
          <DataLink name={data.calibration} use="calibration" act={act} />
        </dd>
      </dl>
      <div class="outlook-act">
        {busy ? (
          <>
            <span class="quiet busy">
              <Ring />
              {busy.note || busy.what}
            </span>
            <Button class="recipe-button" onPress={() => act.cancelBuild()}>
              Cancel
            </Button>
          </>
        ) : (
          <Button
            class="recipe-button"
            look={fresh ? 'secondary' : 'primary'}
            disabled={blocked}
            tip="Writes the lighter model beside this one"
            onPress={() => act.build()}
          >
            Build
          </Button>
        )}
      </div>
      <div class="progress-line" aria-hidden="true">
        {busy && <i style={{ width: `${Math.round(busy.fraction * 1000) / 10}%` }} />}
      </div>
    </div>
  );
}

const noData = 'none: choose data';

interface DataLinkProps extends Pick<Props, 'act'> {
  readonly name: string | null;
  readonly use: 'calibration' | 'evaluation';
}

/** The data of one use; a press chooses other data. */
export function DataLink({ name, use, act }: DataLinkProps) {
  return (
    <button
      type="button"
      class="link file"
      aria-label={`${name ?? noData}, data for ${use}`}
      onClick={() => act.chooseRecipeData(use)}
    >
      {name ?? noData}
    </button>
  );
}

/** "23.4 MB of 90.9 MB, 3.9x smaller". */
function sizes(before: number, after: number): string {
  const smaller = after > 0 && before > after ? `, ${formatRatio(before / after)}x smaller` : '';
  return `${formatBytes(after)} of ${formatBytes(before)}${smaller}`;
}
