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

/** A command whose code is loaded when it is first called: an activation that nothing follows does not pay for it. */
function later<Module>(
  load: () => Promise<Module>,
  handlerIn: (module: Module) => Handler,
): Handler {
  return async (...call) => handlerIn(await load())(...call);
}

const advise = () => import('./advise');
const applyRecipe = () => import('./applyRecipe');
const build = () => import('./build');
const candidate = () => import('./candidate');
const exportProfile = () => import('./exportProfile');
const exportSensitivity = () => import('./exportSensitivity');
const plan = () => import('./plan');
const quantize = () => import('./quantize');
const recipe = () => import('./recipe');
const sensitivity = () => import('./sensitivity');
const showSensitivity = () => import('./showSensitivity');

type MenuName = keyof typeof menuEntries;
const entryHandlers = Object.fromEntries(
  Object.keys(menuEntries).map((name) => [
    name,
    later(quantize, (it) => it.quantizeEntryCommands[name as MenuName]),
  ]),
) as Record<MenuName, Handler>;

const handlers = {
  openDashboard: openDashboardCommand,
  openText: openTextCommand,
  profile: profileCommand,
  profileWithData: profileWithDataCommand,
  cancelProfile: ({ models }) => models.active?.cancel(),
  measureSensitivity: later(sensitivity, (it) => it.measureSensitivityCommand),
  exportSensitivity: later(exportSensitivity, (it) => it.exportSensitivityCommand),
  plan: later(plan, (it) => it.planCommand),
  advise: later(advise, (it) => it.adviseCommand),
  addCandidate: later(candidate, (it) => it.addCandidateCommand),
  setDimensions: setDimensionsCommand,
  compare: compareCommand,
  exportProfile: later(exportProfile, (it) => it.exportProfileCommand),
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
  quantizeLayer: later(quantize, (it) => it.quantizeLayerCommand),
  quantizeModel: later(quantize, (it) => it.quantizeModelCommand),
  prepareModel: later(quantize, (it) => it.prepareModelCommand),
  applyRecipe: later(applyRecipe, (it) => it.applyRecipeCommand),
  openRecipe: later(recipe, (it) => it.openRecipeCommand),
  build: later(build, (it) => it.buildCommand),
  measureCandidate: later(build, (it) => it.measureCandidateCommand),
  compareOriginal: later(build, (it) => it.compareOriginalCommand),
  ...entryHandlers,
  quantizeMore: later(quantize, (it) => it.quantizeLayerCommand),
  undoLayers: later(quantize, (it) => it.undoLayersCommand),
  measureLayers: later(sensitivity, (it) => it.measureLayersCommand),
  showSensitivity: later(showSensitivity, (it) => it.showSensitivityCommand),
  showStep: later(recipe, (it) => it.showStepCommand),
  removeStep: later(recipe, (it) => it.removeStepCommand),
  showStepLayers: later(recipe, (it) => it.showStepLayersCommand),
  adoptModel: later(recipe, (it) => it.adoptModelCommand),
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
