import { formatBytes } from '../../src/base/format';
import { printable } from '../../src/base/text';
import type { LayerChange } from '../../src/protocol/build';
import type { ComparisonView } from '../../src/protocol/recipeView';
import type { ViewProps } from './props';

interface Props extends Pick<ViewProps, 'act'> {
  readonly comparison: ComparisonView;
}

/** Whether the compressed layers run the kernels that make them fast, and which do not. */
export function Kernels({ comparison: { kernels }, act }: Props) {
  const { schemes, misses, missCount, notes } = kernels;
  if (schemes.length === 0) return null;
  const all = schemes.map(({ scheme, ok, total }) => `${ok} of ${total} layers run as ${scheme}`);
  return (
    <Detail title="kernels" summary={all.join(', ')} bad={missCount > 0}>
      {misses.map(({ layer, ran, why }) => (
        <li key={layer}>
          <LayerLink layer={layer} act={act} />
          {ran.length > 0 && <span class="quiet"> runs {ran.join(', ')}</span>}
          {why && `: ${why}`}
        </li>
      ))}
      {missCount > misses.length && <li class="quiet">… and {missCount - misses.length} more</li>}
      {notes.map(({ why, count }) => (
        <li class="quiet" key={why}>
          {count === 1 ? '1 layer' : `${count} layers`}: {why}
        </li>
      ))}
    </Detail>
  );
}

/** The layers whose results differ most from the original's. */
export function FurthestOff({ comparison: { changes }, act }: Props) {
  const { worst } = changes;
  if (worst.length === 0) return null;
  return (
    <div class="report-line detail" role="row">
      <span class="report-title quiet" role="rowheader">
        furthest off
      </span>
      <span class="report-detail" role="cell">
        {worst.map(({ layer, sqnrDb }, index) => (
          <span key={layer}>
            {index > 0 && ', '}
            <LayerLink layer={layer} act={act} />
            <span class="quiet"> {sqnrDb?.toFixed(1)} dB</span>
          </span>
        ))}
      </span>
    </div>
  );
}

/** What became of the layers, the largest savings first. */
export function Changes({ comparison: { changes }, act }: Props) {
  const { changed, added, removed, same, shown } = changes;
  const counts = [
    `${changed} of ${changed + removed + same} changed`,
    added > 0 && `${added} added`,
    removed > 0 && `${removed} removed`,
  ];
  if (changed + added + removed + same === 0) return null;
  const more = changed + added + removed - shown.length;
  return (
    <Detail title="layers" summary={counts.filter(Boolean).join(', ')}>
      {shown.map((change) => (
        <li key={`${change.layer} ${change.change}`}>
          {change.change === 'added' ? (
            printable(change.layer)
          ) : (
            <LayerLink layer={change.layer} act={act} />
          )}
          <span class="quiet"> {changeText(change)}</span>
        </li>
      ))}
      {more > 0 && <li class="quiet">… and {more} more</li>}
    </Detail>
  );
}

/** "MatMul float32 → MatMulNBits 4-bit, 2.36 MB → 0.37 MB". */
function changeText({ change, from, to, bytes }: LayerChange): string {
  const { reference, candidate } = bytes;
  if (change === 'added') return `${to ?? ''}, new, ${formatBytes(candidate)}`;
  if (change === 'removed') return `${from ?? ''}, gone, ${formatBytes(reference)}`;
  const what = from === to ? (to ?? '') : `${from ?? ''} → ${to ?? ''}`;
  return `${what}, ${formatBytes(reference)} → ${formatBytes(candidate)}`;
}

interface DetailProps {
  readonly title: string;
  readonly summary: string;
  readonly bad?: boolean;
  readonly children: preact.ComponentChildren;
}

/** A line of the report that opens to a list; a plain line where the list is empty. */
function Detail({ title, summary, bad = false, children }: DetailProps) {
  const items = Array.isArray(children) ? children.flat().filter(Boolean) : [children];
  return (
    <div class="report-line detail" role="row">
      <span class="report-title quiet" role="rowheader">
        {title}
      </span>
      <span class="report-detail" role="cell" data-tone={bad ? 'worse' : undefined}>
        {items.length === 0 ? (
          summary
        ) : (
          <details>
            <summary>{summary}</summary>
            <ul>{children}</ul>
          </details>
        )}
      </span>
    </div>
  );
}

function LayerLink({ layer, act }: Pick<Props, 'act'> & { readonly layer: string }) {
  return (
    <button type="button" class="link" onClick={() => act.goTo(layer)}>
      {printable(layer)}
    </button>
  );
}
