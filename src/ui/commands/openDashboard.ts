import type { Services } from '../services';
import { openDashboard, targetOf } from './target';

/** Opens a model as a dashboard. */
export async function openDashboardCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await openDashboard(services, uri);
}
