import { formatBytes } from '../../src/base/format';
import { printable } from '../../src/base/text';
import type { SkippedView, StepView } from '../../src/protocol/recipeView';
import type { ViewProps } from './props';

interface Props extends Pick<ViewProps, 'act'> {
  readonly steps: readonly StepView[];
}

/** The recipe's steps, in their order. */
export function Steps({ steps, act }: Props) {
  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li class="step" key={index}>
          <span class="step-what" id={`step-${index}`}>
            <b>{step.title}</b> {step.params !== '' && `${step.params} `}
            <span class="quiet">{step.targets}</span>
          </span>
          <span class="step-links">
            <StepLink index={index} onPress={() => act.show(`step:${index + 1}`)}>
              Show
            </StepLink>
            <StepLink index={index} onPress={() => act.openRecipe(index)}>
              Text
            </StepLink>
            <StepLink index={index} onPress={() => act.removeStep(index)}>
              Remove
            </StepLink>
          </span>
          <StepNotes step={step} />
        </li>
      ))}
    </ol>
  );
}

interface LinkProps {
  readonly index: number;
  readonly onPress: () => void;
  readonly children: string;
}

function StepLink({ index, onPress, children }: LinkProps) {
  return (
    <button type="button" class="link" aria-describedby={`step-${index}`} onClick={onPress}>
      {children}
    </button>
  );
}

/** "36 layers, 42.5 MB → 10.8 MB". */
function stepFigures({ layerCount, bytes }: StepView): string {
  if (layerCount === null || !bytes) return '–';
  const layers = layerCount === 1 ? '1 layer' : `${layerCount.toLocaleString('en-US')} layers`;
  return bytes.before === bytes.after
    ? layers
    : `${layers}, ${formatBytes(bytes.before)} → ${formatBytes(bytes.after)}`;
}

/** What a step changes, and what one has to know before building: why it cannot be made, what it leaves out, what it will not make faster. */
function StepNotes({ step }: { readonly step: StepView }) {
  const { problem, speedNote, skipped } = step;
  return (
    <ul class="step-notes">
      <li>{stepFigures(step)}</li>
      {problem && <li class="step-problem">{problem}</li>}
      {speedNote && <li>{speedNote}</li>}
      <Skipped skipped={skipped} />
    </ul>
  );
}

/** One reason is read at once; a step for the whole model has a reason for every kind of layer, and most are as expected. */
function Skipped({ skipped }: { readonly skipped: readonly SkippedView[] }) {
  const [only] = skipped;
  if (!only) return null;
  if (skipped.length === 1) return <li>{skippedText(only)}</li>;
  const all = skipped.reduce((sum, { count }) => sum + count, 0);
  return (
    <li>
      <details>
        <summary>{staying(all)}</summary>
        <ul class="step-notes">
          {skipped.map((group) => (
            <li key={group.why}>{skippedText(group)}</li>
          ))}
        </ul>
      </details>
    </li>
  );
}

const staying = (count: number): string =>
  count === 1
    ? '1 layer stays as it is'
    : `${count.toLocaleString('en-US')} layers stay as they are`;

/** "2 layers stay as they are (pooler, classifier): …", with the reason as the action gives it. */
function skippedText({ why, count, layers }: SkippedView): string {
  const names = layers.map((layer) => printable(layer)).join(', ');
  const more = count > layers.length ? ', …' : '';
  return `${staying(count)} (${names}${more}): ${why}`;
}
