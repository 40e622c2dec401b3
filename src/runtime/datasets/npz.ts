import { unzipSync } from 'fflate';
import { messageOf, UserError } from '../../base/errors';
import type { RunTensor } from '../runner';
import { readNpy } from './npy';

/** What deflate can do at best (zlib's own figure), so that a forged size is refused before memory is asked for. */
const bestRatio = 1032;

/** Reads every array of an `.npz` archive, by its name there. Compressed and stored archives alike. */
export function readNpz(bytes: Uint8Array, name: string): Map<string, RunTensor> {
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name: entry, size, originalSize }) => {
        if (originalSize > size * bestRatio + 1024 || size > bytes.length) {
          throw new Error(`the size of ${entry} is not possible`);
        }
        return entry.endsWith('.npy');
      },
    });
  } catch (error) {
    throw new UserError('badInput', `${name} is not a readable .npz archive: ${messageOf(error)}.`);
  }
  return new Map(
    Object.entries(entries).map(([entry, data]) => [
      entry.slice(0, -'.npy'.length),
      readNpy(data, `${entry} in ${name}`),
    ]),
  );
}
