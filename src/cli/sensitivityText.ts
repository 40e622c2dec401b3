import { UserError } from '../base/errors';
import { printable } from '../base/text';
import type { Sensitivity } from '../protocol/sensitivity';
import {
  exclusionBasis,
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

/** Prints a sweep as the options ask for it: a table for people where they ask for nothing. What a bare list stands on goes to standard error. */
export function printSensitivity(found: Sensitivity, options: SensitivityPrinting): void {
  process.stdout.write(sensitivityText(found, options));
  const { json, excludeAbove } = options;
  if (excludeAbove !== undefined && !json) {
    process.stderr.write(`${printable(exclusionBasis(found, excludeAbove), 1000)}\n`);
  }
}

function sensitivityText(found: Sensitivity, options: SensitivityPrinting): string {
  const { json, csv, excludeAbove, layers } = options;
  if (excludeAbove !== undefined) {
    return json ? sensitivityExcept(found, excludeAbove) : sensitivityIds(found, excludeAbove);
  }
  if (json) return sensitivityJson(found);
  return csv ? sensitivityCsv(found) : terminalSensitivity(found, terminalOptions(layers));
}
