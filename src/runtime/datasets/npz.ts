import { type ByteSource, memorySource } from '../../base/bytes';
import { isUserError, messageOf, UserError } from '../../base/errors';
import type { RunTensor } from '../runner';
import { openNpy, type StoredArray } from './npy';
import { zipEntries } from './zip';

/** Reads every array of an `.npz` archive, by its name there. Compressed and stored archives alike. */
export function readNpz(bytes: Uint8Array, name: string): Map<string, RunTensor> {
  const arrays = openNpz(memorySource(name, bytes), name);
  return new Map([...arrays].map(([key, open]) => [key, open().all()]));
}

/**
 * The arrays of an `.npz` archive, by their names there, each opened when it is called. Stored arrays are read where somebody asks for a
 * part of them; compressed ones are unpacked whole. Throws `badInput` for what is no such archive.
 */
export function openNpz(source: ByteSource, name: string): Map<string, () => StoredArray> {
  return toldAs(name, () => {
    const entries = zipEntries(source).filter((entry) => entry.name.endsWith('.npy'));
    return new Map(
      entries.map((entry) => {
        const told: ByteSource = {
          ...entry.source,
          read: (offset, length) => toldAs(name, () => entry.source.read(offset, length)),
        };
        let opened: StoredArray | undefined;
        const open = () => (opened ??= openNpy(told, `${entry.name} in ${name}`));
        return [entry.name.slice(0, -'.npy'.length), open];
      }),
    );
  });
}

function toldAs<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isUserError(error)) throw error;
    throw new UserError('badInput', `${name} is not a readable .npz archive: ${messageOf(error)}.`);
  }
}
