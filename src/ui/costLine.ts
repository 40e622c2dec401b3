import * as vscode from 'vscode';
import { formatCount, formatMs, formatShare } from '../base/format';
import type { Cost } from './figures';

/** "1.2 ms · 8.4 % · 590 K params"; before a profile the MACs stand in for the time. What is nothing is left out. */
export function costLine(cost: Cost): string {
  const { parameters } = cost;
  const said = [
    ...effort(cost),
    ...(parameters > 0 ? [vscode.l10n.t('{0} params', formatCount(parameters))] : []),
  ];
  return said.length > 0 ? said.join(' · ') : vscode.l10n.t('no arithmetic, no parameters');
}

/** "1.2 ms · 8.4 %": the same for a badge, which is empty where there is nothing to do. */
export function costBadge(cost: Cost): string {
  return effort(cost).join(' · ');
}

function effort({ timeMs, macs, share }: Cost): string[] {
  if (timeMs !== null) return [formatMs(timeMs), formatShare(share)];
  if (macs === 0) return [];
  const said = [vscode.l10n.t('{0} MACs', formatCount(macs))];
  return share === null ? said : [...said, formatShare(share)];
}
