import * as vscode from 'vscode';
import { isCancelled, messageOf } from '../../base/errors';
import { setting } from '../config';
import { showContext } from '../context';
import { showError } from '../errors';
import type { ProfileOptions } from '../models/measuring';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { bringUp, targetOf } from './target';

/** Opens a model and runs it. */
export async function profileCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await startProfile(services, await bringUp(services, uri));
}

/**
 * Runs a model with the settings, or with what the dashboard says instead. Progress is shown where the model is; only a failure
 * interrupts. Never throws.
 */
export async function startProfile(
  services: Services,
  model: OpenModel,
  options: Partial<ProfileOptions> = {},
): Promise<void> {
  if (!(await mayRun(model.name))) return;
  try {
    await model.measure({ ...optionsFor(model.uri), ...options });
    showContext('didProfile', true);
  } catch (error) {
    if (isCancelled(error)) return;
    services.log.error(`${model.name}: ${messageOf(error)}`);
    await showError(error, model.name);
  }
}

/** What the settings ask for where a model lies. */
function optionsFor(uri: vscode.Uri): ProfileOptions {
  return {
    runs: setting('runs', uri),
    warmup: setting('warmup', uri),
    threads: setting('threads', uri),
    provider: setting('provider', uri),
    seed: setting('seed', uri),
  };
}

/** A model is somebody's program, run by native code: in a folder that is not trusted it may be looked at only. */
export async function mayRun(name: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const choice = await vscode.window.showWarningMessage(
    vscode.l10n.t('Do you trust the folder of {0}?', name),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Running a model runs native code. In a folder that is not trusted, models are read but not run.',
      ),
    },
    manage,
  );
  if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  return vscode.workspace.isTrusted;
}
