import { useMemo } from 'preact/hooks';
import type { Actions } from './actions';
import type { RowSource } from './rows';
import type { State } from './state';
import { Blocks } from './views/blocks';
import { Candidates } from './views/candidates';
import { CompressNext } from './views/compressNext';
import { Skeleton, Unreachable, Unreadable } from './views/empty';
import { Header } from './views/header';
import { Layers } from './views/layers';
import { Notices } from './views/notices';
import type { ViewProps } from './views/props';
import { Recipe } from './views/recipe';
import { Sensitivity } from './views/sensitivity';
import { StandsOut } from './views/standsOut';
import { Totals } from './views/totals';
import { WhereItGoes } from './views/whereItGoes';

interface Props {
  readonly state: State;
  readonly act: Actions;
  readonly source: RowSource;
  /** Where the table was left, in pixels. */
  readonly tableScroll: number;
  /** Asks the extension once more. */
  readonly onRetry: () => void;
}

/** The whole page, read from the top like a report: what is it, where does it go, what stands out, what would suffer, what to do next, what is done, what it gave, the layers. */
export function Page({ state, act, source, tableScroll, onRetry }: Props) {
  const { dashboard, announcement } = state;
  // Rows arrive while the state is the same: what stands above the table is drawn for the state alone.
  const overview = useMemo(
    () => dashboard?.model && <Overview state={state} dashboard={dashboard} act={act} />,
    [state, act],
  );
  if (!dashboard) {
    return state.unreachable === undefined ? (
      <Skeleton note="Reading the model…" />
    ) : (
      <Unreachable message={state.unreachable} onRetry={onRetry} />
    );
  }
  if (!dashboard.model) {
    return dashboard.error ? (
      <Unreadable dashboard={dashboard} act={act} />
    ) : (
      <Skeleton note={dashboard.busy?.note || 'Reading the model…'} />
    );
  }
  return (
    <>
      {overview}
      <Layers
        state={state}
        dashboard={dashboard}
        act={act}
        source={source}
        initialScroll={tableScroll}
      />
      <div class="hidden-text" role="status">
        {announcement}
      </div>
    </>
  );
}

function Overview(props: ViewProps) {
  return (
    <>
      <Header {...props} />
      <Notices {...props} />
      <Totals {...props} />
      <WhereItGoes {...props} />
      <StandsOut {...props} />
      <Blocks {...props} />
      <Sensitivity {...props} />
      <CompressNext {...props} />
      <Recipe {...props} />
      <Candidates {...props} />
    </>
  );
}
