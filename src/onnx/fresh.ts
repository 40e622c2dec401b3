/** Gives out names, each once: `wanted`, or that with a number behind it. */
export interface FreshNames {
  /** Takes a name that is in use already. */
  take(name: string): void;
  fresh(wanted: string): string;
}

/** Linear in the number of names, however many are alike. */
export function freshNames(separator = '_'): FreshNames {
  const taken = new Set<string>();
  const copies = new Map<string, number>();
  return {
    take: (name) => void taken.add(name),
    fresh(wanted) {
      let name = wanted;
      let copy = copies.get(wanted) ?? 1;
      while (taken.has(name)) name = `${wanted}${separator}${++copy}`;
      copies.set(wanted, copy);
      taken.add(name);
      return name;
    },
  };
}
