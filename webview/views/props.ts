import type { DashboardState } from '../../src/protocol/viewApi';
import type { Actions } from '../actions';
import type { State } from '../state';

/** What every section of the page is given. */
export interface ViewProps {
  readonly state: State;
  readonly dashboard: DashboardState;
  readonly act: Actions;
}
