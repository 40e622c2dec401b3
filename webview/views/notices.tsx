import { Button } from '../kit';
import { baseName } from './facts';
import type { ViewProps } from './props';
import './notices.css';

/** What the reader has to know before trusting the figures below. Nothing, most of the time. */
export function Notices({ dashboard, act }: Omit<ViewProps, 'state'>) {
  const { error, trusted, model, unknown = [] } = dashboard;
  const missing = (model?.externalData ?? []).filter((data) => data.missing);
  return (
    <>
      {error && (
        <div class="notice error" role="alert">
          <span>
            {error.message} {error.hint && <span class="quiet">{error.hint}</span>}
          </span>
          <Button onPress={() => act.retry()}>Try Again</Button>
        </div>
      )}
      {!trusted && (
        <div class="notice">
          This workspace is not trusted: the model is read but not run. Profile asks for your trust.
        </div>
      )}
      {missing.length > 0 && (
        <div class="notice">
          {missing.length === 1
            ? `The weights’ file ${baseName(missing[0]?.location ?? '')} is missing`
            : `${missing.length} of the weights’ files are missing`}
          : everything here is counted without them; profiling needs them.
        </div>
      )}
      {unknown.length > 0 && <UnknownList unknown={unknown} />}
    </>
  );
}

/** Enough to see a pattern; the text view has the rest. */
const listed = 50;

function UnknownList({
  unknown,
}: {
  readonly unknown: NonNullable<ViewProps['dashboard']['unknown']>;
}) {
  const nodes = new Set(unknown.map((entry) => entry.node)).size;
  return (
    <details class="notice unknown">
      <summary>
        {nodes === 1 ? 'One node is' : `${nodes} nodes are`} not counted in full: totals show what
        is known.
      </summary>
      <ul>
        {unknown.slice(0, listed).map(({ node, what, why }) => (
          <li key={`${node} ${what}`}>
            <b>{node}</b> {what}: {why}
          </li>
        ))}
        {unknown.length > listed && <li>… and {unknown.length - listed} more</li>}
      </ul>
    </details>
  );
}
