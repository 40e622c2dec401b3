import type { State } from './state';

/** The one state of the page. */
export interface Store {
  get(): State;
  /** Replaces the state; whoever listens is told when it is another one. */
  update(change: (state: State) => State): void;
  subscribe(listener: (state: State) => void): void;
}

export function createStore(initial: State): Store {
  let state = initial;
  const listeners: ((state: State) => void)[] = [];
  return {
    get: () => state,
    update(change) {
      const next = change(state);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener(state);
    },
    subscribe: (listener) => void listeners.push(listener),
  };
}
