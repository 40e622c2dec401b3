import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { Inspection, Profile } from '../protocol/types';
import { exports } from '../report/exports';
import { colourPalette, plainPalette } from '../report/paint';
import { terminalReport, type TerminalOptions } from '../report/terminal';
import type { ModelOptions } from './options';

/** Width for pipes and files, where there is no screen to fit. */
const plainWidth = 120;

/** Refuses combinations and places that make no sense, before any work is done. Throws `badInput`. */
export function checkOutput(model: string, { json, csv, html }: ModelOptions): void {
  if (json && csv) {
    throw new UserError('badInput', '--json and --csv both write to standard output: choose one.');
  }
  if (html !== undefined && resolve(html) === resolve(model)) {
    throw new UserError('badInput', `--html ${quoted(html)} would overwrite the model.`);
  }
}

/** Writes the figures the way the options ask for: JSON, CSV or tables to standard output, and a page to a file. */
export function writeFigures(
  inspection: Inspection,
  profile: Profile | undefined,
  options: ModelOptions,
): void {
  if (options.html !== undefined) writePage(options.html, inspection, profile);
  process.stdout.write(textOf(inspection, profile, options));
}

function textOf(
  inspection: Inspection,
  profile: Profile | undefined,
  options: ModelOptions,
): string {
  if (options.json) return exports.json.write(inspection, profile);
  if (options.csv) return exports.csv.write(inspection, profile);
  return terminalReport(inspection, profile, terminalOptions(options.layers));
}

/** How tables are shown on the screen or in the file that standard output is; `layers` is how many they list. */
export function terminalOptions(layers: number): TerminalOptions {
  return {
    // Some terminals say that they have no columns at all.
    width: process.stdout.isTTY ? process.stdout.columns || plainWidth : plainWidth,
    layers,
    palette: wantsColour() ? colourPalette : plainPalette,
  };
}

/** Colour on a screen only, unless asked for or against: NO_COLOR and FORCE_COLOR (no-color.org, force-color.org). */
function wantsColour(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return process.stdout.isTTY && TERM !== 'dumb';
}

function writePage(file: string, inspection: Inspection, profile: Profile | undefined): void {
  try {
    writeFileSync(file, exports.html.write(inspection, profile));
  } catch (error) {
    throw new UserError('badInput', `${quoted(file)} cannot be written: ${messageOf(error)}.`);
  }
}
