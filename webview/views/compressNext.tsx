import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatBytes, formatShare, formatSmall } from '../../src/base/format';
import type { NextStep, SensitivityView } from '../../src/protocol/sensitivity';
import { damageScale, exact, inputsText, type DamageScale } from '../damage';
import { Button } from '../kit';
import { isSynthetic } from '../state';
import { Level } from './damageTables';
import type { ViewProps } from './props';
import './compressNext.css';

/** Entries on show until the reader wants more. */
const first = 6;

/** Steps that gain most for their damage, each with its button. */
export function CompressNext({ state, dashboard, act }: ViewProps) {
  const { next, sensitivity } = dashboard;
  return (
    <section class="compress-next" aria-labelledby="compress-next">
      <div class="section-head">
        <h2 id="compress-next">What to compress next</h2>
        {next && next.length > 0 && sensitivity && (
          <span class="quiet">
            most gained for the least damage, {sensitivity.metric.title} in{' '}
            {sensitivity.metric.unit}
          </span>
        )}
        <span class="sensitivity-act">
          <Button
            tip="Five questions, and recipes that follow from the answers"
            disabled={dashboard.busy !== undefined}
            onPress={() => act.advise()}
          >
            Advisor…
          </Button>
          <Button
            tip="Chooses an action for every layer within a limit of size, latency or damage"
            disabled={dashboard.busy !== undefined}
            onPress={() => act.plan()}
          >
            Plan…
          </Button>
        </span>
      </div>
      {next && next.length > 0 && sensitivity ? (
        <Steps steps={next} view={sensitivity} state={state} dashboard={dashboard} act={act} />
      ) : (
        <p class="quiet next-empty">{emptyText(dashboard)}</p>
      )}
    </section>
  );
}

function emptyText({ sensitivity, next, recipe, busy }: ViewProps['dashboard']): string {
  if (!sensitivity) {
    return 'Once sensitivity is measured, the steps that gain most for the least damage stand here. A plan measures what it needs by itself.';
  }
  if (sensitivity.stale === true)
    return 'The model has changed since its sensitivity was measured: measure again.';
  if (busy?.task === 'sensitivity') {
    return 'Steps stand here once the measurement is over or stopped.';
  }
  if (next && recipe && recipe.steps.length > 0) {
    return 'The recipe holds every step that was measured to gain something.';
  }
  return sensitivity.complete
    ? 'None of the ways that were measured has a step that makes a layer smaller: measure others.'
    : 'No layer is measured yet that a step would make smaller.';
}

interface StepsProps extends ViewProps {
  readonly steps: readonly NextStep[];
  readonly view: SensitivityView;
}

function Steps({ steps, view, state, dashboard, act }: StepsProps) {
  const [all, showAll] = useState(false);
  const list = useRef<HTMLOListElement>(null);
  const keepFocus = useFocusInList(list, steps);
  const scale = damageScale(view, state.view.sensitivityLinear);
  const most = Math.max(...steps.map(gainOf));
  const shown = all ? steps : steps.slice(0, first);
  return (
    <>
      <ol class="next-steps" ref={list}>
        {shown.map((step, index) => (
          <Step
            key={step.title}
            {...{ step, index, view, scale, most }}
            synthetic={isSynthetic(dashboard)}
            onAdd={() => {
              keepFocus(index);
              const { layers, action, params } = step;
              act.addAction({ layers, action, params });
            }}
          />
        ))}
      </ol>
      {steps.length > first && (
        <button type="button" class="link" onClick={() => showAll(!all)}>
          {all ? 'Show fewer' : `Show ${steps.length - first} more`}
        </button>
      )}
      <p class="caption">{caption(view)}</p>
    </>
  );
}

const gainOf = ({ bytes }: NextStep): number => bytes.before - bytes.after;

interface StepProps {
  readonly step: NextStep;
  readonly index: number;
  readonly view: SensitivityView;
  readonly scale: DamageScale | undefined;
  /** The largest gain of all. */
  readonly most: number;
  readonly synthetic: boolean;
  readonly onAdd: () => void;
}

function Step({ step, index, view, scale, most, synthetic, onAdd }: StepProps) {
  const { how, what, bytes, timeShare, damage, low, high } = step;
  const gain = gainOf(step);
  const time =
    timeShare === null
      ? ''
      : `${formatShare(timeShare)} of the time${synthetic ? ', synthetic inputs' : ''}`;
  const spread = Number.isFinite(high - low)
    ? `\nsum of the 95 % intervals ${formatSmall(low)} to ${formatSmall(high)}`
    : '';
  return (
    <li class="next-step">
      <span class="next-what" id={`next-${index}`}>
        <b>{what}</b> <span class="quiet">{how}</span>
      </span>
      <span class="next-bar" aria-hidden="true">
        <i style={{ width: `${(100 * gain) / most}%` }} />
      </span>
      <span
        class="next-gain"
        data-tip={`Their weights ${formatBytes(bytes.before)} → ${formatBytes(bytes.after)}`}
      >
        −{formatBytes(gain)}
      </span>
      <span
        class="next-time quiet"
        data-tip={time === '' ? undefined : `These layers take ${time}`}
      >
        {timeShare === null ? '' : `${formatShare(timeShare)} of time`}
      </span>
      <span
        class="next-damage"
        data-tip={`${view.metric.title} ${exact(damage)} (${view.metric.unit}), summed${spread}`}
      >
        {scale && <Level level={scale.levelOf(damage)} />}
        {formatSmall(damage)}
        <span class="quiet">
          {Number.isFinite(high - low) ? ` ± ${formatSmall((high - low) / 2)}` : ''}
        </span>
      </span>
      <Button
        class="next-add"
        label={`Add to the recipe: ${step.title}`}
        tip="Adds the step to the recipe"
        onPress={onAdd}
      >
        Add
      </Button>
    </li>
  );
}

/** A step that joins the recipe leaves the list; the keyboard goes on with what took its place. */
function useFocusInList(
  list: { readonly current: HTMLElement | null },
  steps: readonly NextStep[],
): (index: number) => void {
  const left = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    if (left.current === undefined || document.activeElement !== document.body) return;
    const buttons = list.current?.querySelectorAll<HTMLElement>('.next-add') ?? [];
    buttons[Math.min(left.current, buttons.length - 1)]?.focus({ preventScroll: true });
    left.current = undefined;
  }, [steps]);
  return (index) => (left.current = index);
}

function caption(view: SensitivityView): string {
  const { metric, data } = view;
  return [
    `${metric.title} (${metric.unit}) over ${inputsText(view)}: the sum of what each layer did by itself, which is an estimate. What counts is the model that is built and measured.`,
    data === 'synthetic' && 'Made-up inputs say little about your data.',
    !view.complete && 'Not all layers are measured yet.',
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ');
}
