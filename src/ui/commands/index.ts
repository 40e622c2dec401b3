import * as vscode from 'vscode';
import { commands, type CommandName } from '../names';
import { showError } from '../errors';
import { menuEntries } from '../quantize/menu';
import type { Services } from '../services';
import { compareCommand } from './compare';
import { profileWithDataCommand } from './data';
import {
  copyFiguresCommand,
  copyNameCommand,
  showInDashboardCommand,
  showInTextCommand,
} from './layers';
import { openDashboardCommand } from './openDashboard';
import { openSampleCommand } from './openSample';
import { openTextCommand } from './openText';
import { profileCommand } from './profile';
import { restartEngineCommand } from './restartEngine';
import { setDimensionsCommand } from './setDimensions';

/** Palette commands get nothing or a file; menus give the clicked item, and the whole selection after it. */
type Handler = (services: Services, clicked?: unknown, selected?: unknown) => unknown;

const loaded = () => import('../later');
type Later = Awaited<ReturnType<typeof loaded>>;

/** A command whose code is loaded when it is first called: an activation that nothing follows does not pay for it. */
function later(handlerIn: (modules: Later) => Handler): Handler {
  return async (...call) => handlerIn(await loaded())(...call);
}

type MenuName = keyof typeof menuEntries;
const entryHandlers = Object.fromEntries(
  Object.keys(menuEntries).map((name) => [
    name,
    later((it) => it.quantize.quantizeEntryCommands[name as MenuName]),
  ]),
) as Record<MenuName, Handler>;

const handlers = {
  openDashboard: openDashboardCommand,
  openText: openTextCommand,
  profile: profileCommand,
  profileWithData: profileWithDataCommand,
  cancelProfile: ({ models }) => models.active?.cancel(),
  measureSensitivity: later((it) => it.sensitivity.measureSensitivityCommand),
  exportSensitivity: later((it) => it.exportSensitivity.exportSensitivityCommand),
  plan: later((it) => it.plan.planCommand),
  advise: later((it) => it.advise.adviseCommand),
  addCandidate: later((it) => it.candidate.addCandidateCommand),
  setDimensions: setDimensionsCommand,
  compare: compareCommand,
  exportProfile: later((it) => it.exportProfile.exportProfileCommand),
  showLenses: ({ lenses }) => lenses.show(),
  clearLenses: ({ lenses }) => lenses.clear(),
  rankTree: ({ treeOrder }) => treeOrder.rank(true),
  orderTree: ({ treeOrder }) => treeOrder.rank(false),
  openSample: openSampleCommand,
  showLog: ({ log }) => log.show(),
  restartEngine: restartEngineCommand,
  showInText: showInTextCommand,
  showInDashboard: showInDashboardCommand,
  copyFigures: copyFiguresCommand,
  copyName: copyNameCommand,
  quantizeLayer: later((it) => it.quantize.quantizeLayerCommand),
  quantizeModel: later((it) => it.quantize.quantizeModelCommand),
  prepareModel: later((it) => it.quantize.prepareModelCommand),
  applyRecipe: later((it) => it.applyRecipe.applyRecipeCommand),
  openRecipe: later((it) => it.recipe.openRecipeCommand),
  build: later((it) => it.build.buildCommand),
  measureCandidate: later((it) => it.build.measureCandidateCommand),
  compareOriginal: later((it) => it.build.compareOriginalCommand),
  ...entryHandlers,
  quantizeMore: later((it) => it.quantize.quantizeLayerCommand),
  undoLayers: later((it) => it.quantize.undoLayersCommand),
  measureLayers: later((it) => it.sensitivity.measureLayersCommand),
  showSensitivity: later((it) => it.showSensitivity.showSensitivityCommand),
  showStep: later((it) => it.recipe.showStepCommand),
  removeStep: later((it) => it.recipe.removeStepCommand),
  showStepLayers: later((it) => it.recipe.showStepLayersCommand),
  adoptModel: later((it) => it.recipe.adoptModelCommand),
} satisfies Record<CommandName, Handler>;

/** Registers every command; a failure of any of them is shown once. */
export function registerCommands(services: Services): vscode.Disposable {
  const registered = Object.entries(handlers).map(([name, handler]: [string, Handler]) =>
    vscode.commands.registerCommand(
      commands[name as CommandName],
      async (clicked?: unknown, selected?: unknown) => {
        try {
          await handler(services, clicked, selected);
        } catch (error) {
          services.log.error(error instanceof Error ? error : String(error));
          void showError(error);
        }
      },
    ),
  );
  return vscode.Disposable.from(...registered);
}
