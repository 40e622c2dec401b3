import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands } from '../../../src/ui/names';
import { closeAll, file, parts, until } from '../support/editor';

const sample = () => file('digits-vit/model.onnx');
const rest = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe('lists', () => {
  afterEach(closeAll);

  it('outlive the arrival of the page of a dashboard that was just opened', async () => {
    for (let turn = 0; turn < 2; turn++) {
      await closeAll();
      // As fast as a person's keys could never be: the model is in front, its page is not there yet.
      await vscode.commands.executeCommand('vscode.open', sample());
      const { models } = await parts();
      await until(() => models.active, 'the model is in front');
      let isDone = false;
      const asked = vscode.commands.executeCommand(commands.applyRecipe, sample());
      void asked.then(() => (isDone = true));
      await rest(2000);
      assert.equal(isDone, false, 'the list was closed by something else than the user');
      await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
      await asked;
    }
  });
});
