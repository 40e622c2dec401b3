import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { zipSync } from 'fflate';
import { indexGraph } from '../../src/onnx/graph';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import type { Dataset } from '../../src/runtime/datasets/dataset';
import { openDataset, type OpenOptions } from '../../src/runtime/datasets/open';
import type { InputSpec } from '../../src/runtime/inputs';
import { purposeOf, type Purposes } from '../../src/runtime/purpose';
import type { Feeds, RunTensor } from '../../src/runtime/runner';
import { aModel } from './build';
import { npyOf } from './npy';

/** A folder of data for the tests of one file, which is gone after them. */
export interface DataFolder {
  readonly path: string;
  /** Writes a file, and the folders it is in. */
  save(name: string, data: Uint8Array | string): void;
  /** Writes arrays as NumPy's `savez` does. */
  saveArrays(name: string, arrays: Readonly<Record<string, RunTensor>>): void;
  /** Opens data in it for a model with these inputs, whose purposes follow from their names and types. */
  open(name: string, specs: readonly InputSpec[], label?: string): Dataset;
}

export function dataFolder(): DataFolder {
  const path = mkdtempSync(join(tmpdir(), 'fw-data-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  const save = (name: string, data: Uint8Array | string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), data);
  };
  return {
    ...{ path, save },
    saveArrays: (name, arrays) => save(name, npzOf(arrays)),
    open: (name, specs, label) => openFor(join(path, name), specs, { folder: path, label }),
  };
}

/** Opens data for a model in `folder` with these inputs, whose purposes follow from their names and types. */
export function openFor(
  path: string,
  specs: readonly InputSpec[],
  { folder, ...more }: { folder: string } & Partial<OpenOptions>,
): Dataset {
  return openDataset(path, {
    ...{ specs, purposes: purposesByName(specs), modelFolder: folder, ...more },
  });
}

function purposesByName(specs: readonly InputSpec[]): Purposes {
  const model = aModel({});
  const index = indexGraph(model);
  const shapes = inferShapes(index, resolveSizes(model));
  return new Map(
    specs.map((spec) => {
      const purpose = purposeOf(spec, index, shapes);
      // An empty graph has no table that ids are looked up in.
      const isIds = purpose.kind === 'count' && /ids$/.test(spec.name);
      return [spec.name, isIds ? { kind: 'ids', rows: 100_000 } : purpose];
    }),
  );
}

export const npzOf = (arrays: Readonly<Record<string, RunTensor>>) =>
  zipSync(
    Object.fromEntries(Object.entries(arrays).map(([key, value]) => [`${key}.npy`, npyOf(value)])),
  );

export const int64 = (shape: number[], values: readonly number[]): RunTensor => ({
  dtype: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});

export const float32 = (shape: number[], values: readonly number[]): RunTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});

/** An input's values, whatever their type. */
export const numbersIn = (feeds: Feeds, name: string): number[] =>
  Array.from(feeds[name]!.data as unknown as ArrayLike<number | bigint>, Number);
