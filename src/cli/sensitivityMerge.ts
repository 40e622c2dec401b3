import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { Sensitivity } from '../protocol/sensitivity';
import { mergeSensitivities } from '../report/sensitivity/merge';
import type { MergeOptions } from './sensitivityOptions';
import { checkPrinting, printSensitivity } from './sensitivityText';

/** `featherweight sensitivity merge`: parts of one sweep, as `--shard --json` printed them, in; the whole out. Throws `badInput`. */
export function mergeCommand(parts: readonly string[], options: MergeOptions): void {
  checkPrinting(options);
  const { partial = false, table = false, json = !table && !options.csv } = options;
  const merged = mergeSensitivities(
    parts.map((part) => ({ name: basename(part), sensitivity: readPart(part) })),
    { partial },
  );
  // Ids are for people and programs alike; a recipe's part is asked for.
  const asked = options.excludeAbove === undefined ? json : (options.json ?? false);
  printSensitivity(merged, { ...options, json: asked });
}

function readPart(file: string): Sensitivity {
  const wrong = (why: string) =>
    new UserError(
      'badInput',
      `${quoted(file)} ${why}.`,
      'Give what featherweight sensitivity --shard --json printed.',
    );
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw wrong('cannot be read');
  }
  let part: Partial<Sensitivity> | undefined;
  try {
    part = JSON.parse(text) as Partial<Sensitivity>;
  } catch {
    throw wrong('is not JSON');
  }
  const { layers, probes, hints, propagation, skipped, notes } = part ?? {};
  const lists = [layers, probes, hints, propagation, skipped, notes];
  if (!lists.every(Array.isArray) || !part?.model || !part.metric) throw wrong('is no sweep');
  return part as Sensitivity;
}
