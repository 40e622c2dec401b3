import type { Bench, BlockDraft, Unit, UnitKind } from './drafts';
import type { Step } from './flow';
import { inOrder } from './residuals';
import { searchUp } from './walk';

const letters: Record<UnitKind, string> = {
  attention: 'A',
  cross: 'C',
  feedForward: 'F',
  convolution: 'K',
  dense: 'D',
  recurrent: 'R',
};

/** The longest group of units that is looked for as one block. */
const longest = 12;

/** Groups units into blocks: the shortest pattern of units that repeats, in each stack by itself. */
export function findBlocks(bench: Bench): void {
  const encoder = encoderUnits(bench);
  for (const unit of bench.units) {
    if (encoder) unit.stack = encoder.has(unit) ? 'encoder' : 'decoder';
  }
  for (const stack of encoder ? ['encoder', 'decoder'] : [undefined]) {
    const units = inOrder(bench.units.filter((unit) => unit.stack === stack));
    let index = 0;
    for (const group of repeats(units)) {
      if (isStem(bench, group)) continue;
      const block: BlockDraft = { index: index++, stack, units: group };
      bench.blocks.push(block);
      for (const unit of group) unit.block = block;
    }
  }
}

/** A single convolution with a shortcut in a model of attentions (positions from neighbours) is no block. */
function isStem(bench: Bench, group: readonly Unit[]): boolean {
  const [unit] = group;
  const attends = bench.units.some((each) => each.kind === 'attention');
  if (!attends || group.length > 1 || unit?.kind !== 'convolution') return false;
  return [...unit.drafts].filter((draft) => draft.linear).length === 1;
}

/** The units whose results cross attentions elsewhere read; undefined where the model is no encoder–decoder. */
function encoderUnits(bench: Bench): Set<Unit> | undefined {
  const crosses = bench.units.filter((unit) => unit.kind === 'cross');
  const keys = crosses.flatMap((unit) =>
    [...unit.drafts]
      .filter((draft) => draft.role === 'key' || draft.role === 'kv')
      .map((draft) => draft.linear?.data),
  );
  const found = new Set<Unit>();
  const note = (step: Step) => {
    const unit = bench.draftOf.get(step)?.unit;
    if (unit) found.add(unit);
    return true;
  };
  searchUp(keys, () => false, note);
  const selfStanding = [...found].some(
    (unit) => unit.kind === 'attention' || unit.kind === 'feedForward',
  );
  return selfStanding && !crosses.some((unit) => found.has(unit)) ? found : undefined;
}

/** Cuts a sequence of units into blocks, run by run. */
export function repeats(units: readonly Unit[]): Unit[][] {
  const word = units.map((unit) => letters[unit.kind]).join('');
  const blocks: Unit[][] = [];
  for (let at = 0; at < word.length;) {
    const { length, times } = bestRun(word, at) ?? { length: loneBlock(word, at), times: 1 };
    for (let i = 0; i < times; i++)
      blocks.push(units.slice(at + i * length, at + (i + 1) * length));
    at += length * times;
  }
  return blocks;
}

/** A pattern of one letter that can be a block by itself whatever follows. */
const alone = /[KDR]/;

/** The shortest pattern that repeats from here; a single attention or feed-forward only where nothing longer does. */
function bestRun(word: string, at: number): { length: number; times: number } | undefined {
  let single: { length: number; times: number } | undefined;
  for (let length = 1; length <= longest && at + 2 * length <= word.length; length++) {
    const pattern = word.slice(at, at + length);
    let times = 1;
    while (word.startsWith(pattern, at + times * length)) times++;
    if (times < 2) continue;
    if (alone.test(pattern) || new Set(pattern).size > 1) return { length, times };
    single ??= { length, times };
  }
  return single;
}

/** A block that stands alone reaches to the next attention or convolution. */
function loneBlock(word: string, at: number): number {
  const rest = /^.[CF]*/.exec(word.slice(at))?.[0] ?? '';
  return Math.max(1, rest.length);
}
