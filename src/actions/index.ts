import type { ActionFacts } from '../protocol/build';
import type { Action } from './action';
import { binary } from './binary';
import { codebook } from './codebook';
import { fixedPoint } from './fixedPoint';
import { halfCompute } from './halfCompute';
import { halfStorage } from './halfStorage';
import { int8Dynamic } from './int8Dynamic';
import { int8Static } from './int8Static';
import { awq } from './prepare/awq';
import { convertOpset } from './prepare/convertOpset';
import { correctBias } from './prepare/correctBias';
import { deduplicate } from './prepare/deduplicate';
import { equalize } from './prepare/equalize';
import { foldBatchNorm } from './prepare/foldBatchNorm';
import { foldConstants } from './prepare/foldConstants';
import { fuseAttention } from './prepare/fuseAttention';
import { fuseGelu } from './prepare/fuseGelu';
import { fuseQkv } from './prepare/fuseQkv';
import { keepUnfused } from './prepare/keepUnfused';
import { skipUnread } from './prepare/skipUnread';
import { smoothQuant } from './prepare/smoothQuant';
import { transposeGemm } from './prepare/transposeGemm';
import { weightOnly } from './weightOnly';

/** Every action there is: the one list that menus, recipes and the command line read. */
const actions = {
  int8Dynamic,
  int8Static,
  weightOnly,
  halfStorage,
  halfCompute,
  codebook,
  fixedPoint,
  binary,
  convertOpset,
  foldBatchNorm,
  foldConstants,
  skipUnread,
  keepUnfused,
  fuseAttention,
  fuseGelu,
  fuseQkv,
  transposeGemm,
  deduplicate,
  smoothQuant,
  awq,
  equalize,
  correctBias,
} as const satisfies Record<string, unknown>;

export type ActionName = keyof typeof actions;

export const actionNames = Object.keys(actions) as readonly ActionName[];

export function isActionName(name: string): name is ActionName {
  return Object.hasOwn(actions, name);
}

/** The action of that name, with its parameters' types forgotten: for code that treats all alike. */
export function actionOf(name: ActionName): Action {
  return actions[name] as unknown as Action;
}

/** The action as menus and forms need it. */
export function factsOf(name: ActionName): ActionFacts {
  const { title, about, group, speed, speedNote, data, params, choices } = actionOf(name);
  return {
    ...{ name, title, about, group, speed, data, params },
    speedNote: speedNote ?? null,
    choices: [...(choices ?? [{ title, params: {} }])],
  };
}
