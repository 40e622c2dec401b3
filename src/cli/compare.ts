import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { Comparison } from '../protocol/build';
import { comparisonExports } from '../report/comparisonExports';
import { terminalComparison } from '../report/comparisonTerminal';
import { dataRequest, tellData } from './dataOptions';
import { askEngine } from './engine';
import type { CompareOptions } from './compareOptions';
import { brokenLimits } from './gates';
import { sizesOf } from './options';
import { terminalOptions } from './output';

/**
 * `featherweight compare`: measures in the engine's process and prints what differs. Throws `UserError`s, `limit` among them where the
 * candidate does not keep what was asked of it.
 */
export async function compareCommand(
  reference: string,
  candidate: string,
  options: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  checkPlaces([reference, candidate], options);
  const comparison = await measure(reference, candidate, options, signal);
  tellData(comparison.facts, options);
  if (options.html !== undefined) write(options.html, comparisonExports.html.write(comparison));
  if (options.markdown !== undefined) {
    write(options.markdown, comparisonExports.markdown.write(comparison));
  }
  process.stdout.write(
    options.json
      ? comparisonExports.json.write(comparison)
      : terminalComparison(comparison, terminalOptions(options.layers)),
  );
  const broken = brokenLimits(comparison, options);
  if (broken.length > 0) throw new UserError('limit', broken.join(' '));
}

/** Refuses to write a report over a model, before any work is done. */
function checkPlaces(models: readonly string[], { html, markdown }: CompareOptions): void {
  for (const [option, place] of Object.entries({ html, markdown })) {
    if (place === undefined) continue;
    if (models.some((model) => resolve(model) === resolve(place))) {
      throw new UserError('badInput', `--${option} ${quoted(place)} would overwrite a model.`);
    }
  }
}

async function measure(
  reference: string,
  candidate: string,
  options: CompareOptions,
  signal: AbortSignal,
): Promise<Comparison> {
  const { threads, rounds, warmup, json = false } = options;
  const request = {
    ...{ file: resolve(reference), candidate: resolve(candidate) },
    ...{ threads, rounds, warmup, ...sizesOf(options), ...dataRequest(options) },
  };
  return askEngine((api, call) => api.compare(request, call), { isData: json, signal });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UserError('badInput', `${quoted(file)} cannot be written: ${messageOf(error)}.`);
  }
}
