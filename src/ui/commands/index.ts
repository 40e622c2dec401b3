import * as vscode from 'vscode';
import { commands, type CommandName } from '../names';
import { showError } from '../errors';
import type { Services } from '../services';
import { applyRecipeCommand } from './applyRecipe';
import { buildCommand, compareOriginalCommand, measureCandidateCommand } from './build';
import { compareCommand } from './compare';
import { profileWithDataCommand } from './data';
import { exportProfileCommand } from './exportProfile';
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
import {
  prepareModelCommand,
  quantizeEntryCommands,
  quantizeLayerCommand,
  quantizeModelCommand,
  undoLayersCommand,
} from './quantize';
import {
  adoptModelCommand,
  openRecipeCommand,
  removeStepCommand,
  showStepCommand,
  showStepLayersCommand,
} from './recipe';
import { restartEngineCommand } from './restartEngine';
import { setDimensionsCommand } from './setDimensions';

/** Palette commands get nothing or a file; menus give the clicked item, and the whole selection after it. */
type Handler = (services: Services, clicked?: unknown, selected?: unknown) => unknown;

const handlers = {
  openDashboard: openDashboardCommand,
  openText: openTextCommand,
  profile: profileCommand,
  profileWithData: profileWithDataCommand,
  cancelProfile: ({ models }) => models.active?.cancel(),
  setDimensions: setDimensionsCommand,
  compare: compareCommand,
  exportProfile: exportProfileCommand,
  showLenses: ({ lenses }) => lenses.show(),
  clearLenses: ({ lenses }) => lenses.clear(),
  openSample: openSampleCommand,
  showLog: ({ log }) => log.show(),
  restartEngine: restartEngineCommand,
  showInText: showInTextCommand,
  showInDashboard: showInDashboardCommand,
  copyFigures: copyFiguresCommand,
  copyName: copyNameCommand,
  quantizeLayer: quantizeLayerCommand,
  quantizeModel: quantizeModelCommand,
  prepareModel: prepareModelCommand,
  applyRecipe: applyRecipeCommand,
  openRecipe: openRecipeCommand,
  build: buildCommand,
  measureCandidate: measureCandidateCommand,
  compareOriginal: compareOriginalCommand,
  ...quantizeEntryCommands,
  quantizeMore: quantizeLayerCommand,
  undoLayers: undoLayersCommand,
  showStep: showStepCommand,
  removeStep: removeStepCommand,
  showStepLayers: showStepLayersCommand,
  adoptModel: adoptModelCommand,
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
