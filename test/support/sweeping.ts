import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Engine, startEngine } from '../../src/protocol/engineProcess';
import type { SensitivityRequest } from '../../src/protocol/sensitivity';
import { engineProgram } from './engineProgram';
import { inFolder } from './folder';

export const sample = (name: string) => resolve('media/samples/digits-vit', name);

export const asked: SensitivityRequest = {
  ...{ file: sample('model.onnx'), data: sample('test.npz'), probes: ['int8', 'prune50'] },
  ...{ samples: 8, threads: 1, seed: 1 },
};
/** Rows that it gives. */
export const all = 28 * 2;

export interface Bench {
  readonly engine: Engine;
  /** Of the process that runs models. */
  readonly pid: () => number;
  readonly folder: string;
  readonly request: SensitivityRequest;
}

export function withEngine(work: (bench: Bench) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const lines: string[] = [];
    const engine = startEngine({ program: engineProgram(), log: (line) => lines.push(line) });
    const started = () => lines.findLast((line) => / started on /.test(line));
    try {
      const request = { ...asked, cache: join(folder, 'kept') };
      await work({ engine, folder, request, pid: () => Number(started()?.split(' ')[1]) });
    } finally {
      engine.dispose();
    }
  });
}

/** Lines of the one file in a cache, whole ones or not. */
export const keptLines = (cache: string) =>
  readdirSync(cache).flatMap((name) =>
    readFileSync(join(cache, name), 'utf8').split('\n').filter(Boolean),
  );

export const isWhole = (line: string) => {
  try {
    return Boolean(JSON.parse(line));
  } catch {
    return false;
  }
};
