import * as vscode from 'vscode';
import { formatBytes } from '../../base/format';
import type { ActionFacts } from '../../protocol/build';

/** "1.8 MB → 260 KB · 6.9x smaller"; less than a tenth is no change worth naming. */
export function savingText({ before, after }: { before: number; after: number }): string {
  const sizes = `${formatBytes(before)} → ${formatBytes(after)}`;
  const factor = factorText(before, after);
  return factor ? `${sizes} · ${factor}` : sizes;
}

/** "6.9x smaller", or nothing where it is not. */
export function factorText(before: number, after: number): string | undefined {
  if (after <= 0 || before <= 0) return undefined;
  const factor = before / after;
  if (factor >= 1.05) return vscode.l10n.t('{0}x smaller', factor.toFixed(factor < 9.95 ? 1 : 0));
  return factor < 0.95 ? vscode.l10n.t('{0}x larger', (1 / factor).toFixed(1)) : undefined;
}

/** "faster", "no faster", "slower": what running the result will be like. */
export function speedText({ speed }: Pick<ActionFacts, 'speed'>): string {
  const words = {
    faster: vscode.l10n.t('faster'),
    same: vscode.l10n.t('no faster'),
    slower: vscode.l10n.t('slower'),
  } satisfies Record<ActionFacts['speed'], string>;
  return words[speed];
}

/** "needs no data". */
export function dataText({ data }: Pick<ActionFacts, 'data'>): string {
  const words = {
    none: vscode.l10n.t('needs no data'),
    optional: vscode.l10n.t('better with data'),
    needed: vscode.l10n.t('needs calibration data'),
  } satisfies Record<ActionFacts['data'], string>;
  return words[data];
}
