import { UserError } from '../base/errors';
import type { Sensitivity } from '../protocol/sensitivity';
import {
  sensitivityCsv,
  sensitivityExcept,
  sensitivityIds,
  sensitivityJson,
} from '../report/sensitivity/exports';
import { terminalSensitivity } from '../report/sensitivity/terminal';
import { terminalOptions } from './output';

/** How a sweep is to be printed. */
export interface SensitivityPrinting {
  readonly excludeAbove?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly layers: number;
}

/** Refuses two formats at once, before any work is done. Throws `badInput`. */
export function checkPrinting({ json, csv, excludeAbove }: SensitivityPrinting): void {
  if (!csv || (!json && excludeAbove === undefined)) return;
  const other = json ? '--json' : '--exclude-above';
  throw new UserError('badInput', `${other} and --csv both write to standard output: choose one.`);
}

/** A sweep as the options ask for it: a table for people where they ask for nothing. */
export function sensitivityText(found: Sensitivity, options: SensitivityPrinting): string {
  const { json, csv, excludeAbove, layers } = options;
  if (excludeAbove !== undefined) {
    return json ? sensitivityExcept(found, excludeAbove) : sensitivityIds(found, excludeAbove);
  }
  if (json) return sensitivityJson(found);
  return csv ? sensitivityCsv(found) : terminalSensitivity(found, terminalOptions(layers));
}
