import type { Action } from './action';
import { int8Dynamic } from './int8Dynamic';
import { weightOnly } from './weightOnly';

/** Every action there is: the one list that menus, recipes and the command line read. */
export const actions = {
  int8Dynamic,
  weightOnly,
} as const satisfies Record<string, unknown>;

export type ActionName = keyof typeof actions;

export const actionNames = Object.keys(actions) as readonly ActionName[];

/** The action of that name, with its parameters' types forgotten: for code that treats all alike. */
export function actionOf(name: ActionName): Action {
  return actions[name] as unknown as Action;
}
