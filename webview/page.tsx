import type { Actions } from './actions';
import type { RowSource } from './rows';
import type { State } from './state';
import { Blocks } from './views/blocks';
import { Skeleton, Unreadable } from './views/empty';
import { Header } from './views/header';
import { Layers } from './views/layers';
import { Notices } from './views/notices';
import { StandsOut } from './views/standsOut';
import { Totals } from './views/totals';
import { WhereItGoes } from './views/whereItGoes';

interface Props {
  readonly state: State;
  readonly act: Actions;
  readonly source: RowSource;
}

/** The whole page, read from the top like a report: what is it, where does it go, what stands out, the layers. */
export function Page({ state, act, source }: Props) {
  const { dashboard, announcement } = state;
  if (!dashboard) return <Skeleton note="Reading the model…" />;
  if (!dashboard.model) {
    return dashboard.error ? (
      <Unreadable dashboard={dashboard} act={act} />
    ) : (
      <Skeleton note={dashboard.busy?.note || 'Reading the model…'} />
    );
  }
  const props = { state, dashboard, act };
  return (
    <>
      <Header {...props} />
      <Notices {...props} />
      <Totals {...props} />
      <WhereItGoes {...props} />
      <StandsOut {...props} />
      <Blocks {...props} />
      <Layers {...props} source={source} />
      <div class="hidden-text" role="status">
        {announcement}
      </div>
    </>
  );
}
