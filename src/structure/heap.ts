/** A queue that gives the item of the highest rank first. */
export interface Heap<T> {
  readonly size: () => number;
  push(item: T): void;
  pop(): T | undefined;
}

/** A binary heap: pushing and popping take time logarithmic in its size. */
export function newHeap<T>(rank: (item: T) => number): Heap<T> {
  const items: T[] = [];
  const above = (a: number, b: number) => {
    const [one, other] = [items[a], items[b]];
    return one !== undefined && (other === undefined || rank(one) > rank(other));
  };
  const swap = (a: number, b: number) => {
    const [one, other] = [items[a], items[b]];
    if (one === undefined || other === undefined) return;
    items[a] = other;
    items[b] = one;
  };
  const rise = (from: number) => {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!above(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  };
  const sink = () => {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = above(right, left) ? right : left;
      if (child >= items.length || !above(child, at)) return;
      swap(at, child);
      at = child;
    }
  };
  return {
    size: () => items.length,
    push(item) {
      items.push(item);
      rise(items.length - 1);
    },
    pop() {
      const top = items[0];
      const last = items.pop();
      if (items.length > 0 && last !== undefined) {
        items[0] = last;
        sink();
      }
      return top;
    },
  };
}
