/** At least so long between two partial results, in milliseconds: a few a second are all that anybody sees. */
const leastMs = 250;
/** Of a sweep's time, what telling about it may take: results of models with thousands of layers are large. */
const mostShare = 0.05;

export interface Teller {
  /** There is something new. */
  readonly changed: () => void;
  /** Tells what has not been told; nothing is told afterwards. */
  readonly flush: () => void;
}

/** Tells partial results now and then: the first change at once, and the last ones when it is flushed. */
export function tellSeldom(tell: () => void, now: () => number): Teller {
  let next = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  const tellNow = () => {
    clearTimeout(timer);
    timer = undefined;
    const began = now();
    tell();
    const end = now();
    next = end + Math.max(leastMs, (end - began) / mostShare);
  };
  return {
    changed: () => {
      if (now() >= next) tellNow();
      else timer ??= setTimeout(tellNow, next - now());
    },
    flush: () => {
      if (timer) tellNow();
    },
  };
}
