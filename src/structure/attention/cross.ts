import type { Draft } from '../drafts';
import type { Source, Step } from '../flow';
import { dataOperands, plain, sameSource } from '../walk';
import type { Core } from './cores';

/** Whether keys come from elsewhere than queries. */
export function isCross(core: Core, found: ReadonlyMap<Draft, ReadonlySet<string>>): boolean {
  const inputs = (side: string) =>
    [...found].filter(([, sides]) => sides.has(side)).map(([draft]) => plain(draft.linear?.data));
  const [queries, keys] = [inputs('query'), inputs('key')];
  if (queries.length === 0) return false;
  if (keys.length === 0) return core.key.some((side) => isOutside(side));
  return !keys.some((key) => queries.some((query) => sameStream(query, key)));
}

/** Keys that were computed outside and come in whole, no new ones joined to them. */
const isOutside = (source: Source | undefined): boolean => plain(source)?.kind === 'input';

/** The same value, but for positions added or elements moved. */
function sameStream(a: Source | undefined, b: Source | undefined): boolean {
  if (sameSource(a, b)) return true;
  const origins = (source: Source | undefined) => {
    const found: (Source | undefined)[] = [source];
    for (let at = source, guard = 0; at?.kind === 'step' && guard < 8; guard++) {
      const { step }: { step: Step } = at;
      const data = dataOperands(step);
      const moves = step.operator.kind === 'layout' || step.operator.kind === 'cast';
      const shifts = step.op === 'Add' && data.length <= 2;
      if (!moves && !shifts) break;
      at = plain(data[0]);
      found.push(at, ...data.slice(1).map(plain));
    }
    return found;
  };
  const others = origins(b);
  return origins(a).some((one) => others.some((other) => sameSource(one, other)));
}
