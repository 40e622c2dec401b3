import type { InverseFactor } from '../kernels/gptq';
import type { InputGrid } from '../kernels/inputGrid';
import type { Packed } from './weightOnly/pack';

/** What steps find out about a model from data, and is worth keeping: it takes seconds to find, and other steps and plans ask again. */
export interface Findings {
  /** Of the Hessian of what goes into a product. */
  readonly factors: readonly InverseFactor[];
  /** A matrix as it is stored. */
  readonly packed: Packed;
  /** How a value is cut into integers. */
  readonly inputGrid: InputGrid;
}

/** Keeps what was found out about one model on one set of data. Keys say what else it was found from. */
export interface Keeper {
  get<K extends keyof Findings>(kind: K, key: string): Findings[K] | undefined;
  /** May let it go at once, where there is no room. */
  add<K extends keyof Findings>(kind: K, key: string, value: Findings[K]): void;
}

/** A keeper in memory. */
export interface RoomyKeeper extends Keeper {
  /** From now on, what was last asked for before gives way to what is added. */
  nextRound(): void;
}

/** Enough for all of a model of a hundred million weights, and little beside what the runtime takes for a larger one. */
const usualBytes = 384 * 2 ** 20;

interface Entry {
  readonly value: Findings[keyof Findings];
  readonly bytes: number;
  round: number;
}

/**
 * Keeps findings within so many bytes. What was asked for in this round stays: all of a plan's findings are asked for once and in the same
 * order, so that letting go of the oldest would keep nothing until it is asked for again.
 */
export function keeperWithin(bytes = usualBytes): RoomyKeeper {
  const entries = new Map<string, Entry>();
  let taken = 0;
  let round = 0;
  const drop = (key: string, { bytes: freed }: Entry) => {
    entries.delete(key);
    taken -= freed;
  };
  const makeRoom = (needed: number) => {
    for (const [key, entry] of entries) {
      if (taken + needed <= bytes) return;
      if (entry.round < round) drop(key, entry);
    }
  };
  return {
    get<K extends keyof Findings>(kind: K, key: string) {
      const found = entries.get(`${kind} ${key}`);
      if (found) found.round = round;
      return found?.value as Findings[K] | undefined;
    },
    add(kind, key, value) {
      const own = `${kind} ${key}`;
      const before = entries.get(own);
      if (before) drop(own, before);
      const needed = heldBytes(value);
      makeRoom(needed);
      if (taken + needed > bytes) return;
      entries.set(own, { value, bytes: needed, round });
      taken += needed;
    },
    nextRound: () => void round++,
  };
}

/** The keeper for those who have made the same `steps` before. */
export function keeperUnder(keeper: Keeper, steps: string): Keeper {
  return {
    get: (kind, key) => keeper.get(kind, `${steps} ${key}`),
    add: (kind, key, value) => keeper.add(kind, `${steps} ${key}`, value),
  };
}

/** Bytes of all arrays of numbers in a value. */
function heldBytes(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + heldBytes(each), 0);
}
