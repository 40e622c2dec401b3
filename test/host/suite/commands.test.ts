import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { commands, settings } from '../../../src/ui/names';
import { closeAll, file, openModel, parts, until, withSetting } from '../support/editor';

const sample = () => file('digits-vit/model.onnx');

describe('commands', () => {
  afterEach(closeAll);

  it('opens the bundled sample from a folder that may be written to', async () => {
    await vscode.commands.executeCommand(commands.openSample);
    const { models, context } = await parts();
    const model = await until(() => models.active, 'a model is in front');
    assert.ok(model.uri.path.startsWith(context.globalStorageUri.path));
    assert.equal(model.inspection?.totals.parameters, 202_186);
  });

  it('asks for dimensions and uses what is answered', async () => {
    const model = await openModel(sample());
    const asked = vscode.commands.executeCommand(commands.setDimensions);
    await new Promise((done) => setTimeout(done, 500));
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    await asked;
    const [dimension] = model.dimensions!;
    assert.deepEqual(model.sizes.dims, { [dimension!.symbol]: dimension!.size });
    await model.setSizes({});
  });

  it('shows a failure and stays usable', async () => {
    await vscode.commands.executeCommand(commands.openText, file('gone.onnx'));
    assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /gone\.onnx/);
    const model = await openModel(sample());
    assert.ok(model.inspection);
  });
});

describe('mentions of models in source', () => {
  const python = () => file('use.py');

  before(() => {
    const lines = [
      'import onnxruntime as ort',
      'session = ort.InferenceSession("digits-vit/model.onnx")',
      'other = "missing.onnx"',
    ];
    writeFileSync(python().fsPath, lines.join('\n'));
  });
  afterEach(closeAll);

  it('have a lens with the figures where the file is there', async () => {
    await vscode.window.showTextDocument(python());
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      python(),
      100,
    );
    const ours = lenses.filter(({ command }) => command?.command === commands.openDashboard);
    assert.deepEqual(
      ours.map(({ range }) => range.start.line),
      [1],
    );
    assert.match(ours[0]!.command!.title, /^202 K params · \d+ KB · Open profile$/);
  });

  it('have a hover with links that may be followed', async () => {
    await vscode.window.showTextDocument(python());
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      python(),
      new vscode.Position(1, 40),
    );
    const texts = hovers.flatMap(({ contents }) => contents as vscode.MarkdownString[]);
    const text = texts.find(({ value }) => value.includes('202 K params'));
    assert.ok(text);
    assert.match(text.value, /vit/);
    assert.match(text.value, /command:featherweight\.openDashboard/);
  });

  it('are left alone where the settings say so', async () => {
    const restore = await withSetting(settings.mentionLenses.id, false);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      python(),
      100,
    );
    await restore();
    assert.ok(lenses.every(({ command }) => command?.command !== commands.openDashboard));
  });
});
