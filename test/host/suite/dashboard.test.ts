import assert from 'node:assert/strict';
import { copyFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { closeAll, file, hasDashboard, openModel, parts, until } from '../support/editor';

const sample = () => file('digits-vit/model.onnx');

describe('dashboard', () => {
  afterEach(closeAll);

  it('is what a model opens with', async () => {
    const model = await openModel(sample());
    assert.ok(hasDashboard(sample()));
    assert.equal(model.error, undefined);
    assert.equal(model.inspection?.totals.parameters, 202_186);
    assert.equal(model.inspection?.totals.macs, 3_495_040);
    assert.equal(model.inspection?.structure.family, 'vit');
  });

  it('shares one model among its editors, and forgets it some time after', async () => {
    const model = await openModel(sample());
    await vscode.commands.executeCommand('workbench.action.splitEditor');
    const { models } = await parts();
    await until(() => vscode.window.tabGroups.all.length === 2, 'the editor is split');
    assert.equal(models.get(sample()), model);
    assert.equal(models.active, model);
    await closeAll();
    await until(() => models.active === undefined, 'no model is in front');
    assert.equal(models.get(sample()), model, 'its figures are kept for coming back');
  });

  it('says of a text file that it is no model, and stays usable', async () => {
    const text = file('not-a-model.onnx');
    writeFileSync(text.fsPath, 'This is text and no model.\n'.repeat(100));
    const model = await openModel(text);
    assert.ok(hasDashboard(text));
    assert.equal(model.inspection, undefined);
    assert.match(model.error?.message ?? '', /not-a-model\.onnx/);
    assert.ok((await openModel(sample())).inspection);
  });

  it('knows a Git LFS pointer', async () => {
    const pointer = file('pointer.onnx');
    const lines = [
      'version https://git-lfs.github.com/spec/v1',
      `oid sha256:${'4d7a'.repeat(16)}`,
      'size 90959779',
    ];
    writeFileSync(pointer.fsPath, `${lines.join('\n')}\n`);
    const model = await openModel(pointer);
    assert.match(model.error?.message ?? '', /LFS/);
    assert.match(model.error?.hint ?? '', /git lfs/i);
  });

  it('says of an empty file and of a missing one what is wrong', async () => {
    const empty = file('empty.onnx');
    writeFileSync(empty.fsPath, '');
    assert.match((await openModel(empty)).error?.message ?? '', /empty\.onnx/);
    rmSync(empty.fsPath);
    const model = (await parts()).models.get(empty)!;
    await model.reload();
    assert.match(model.error?.message ?? '', /empty\.onnx/);
  });

  it('follows the file', async () => {
    const copy = file('copy.onnx');
    copyFileSync(sample().fsPath, copy.fsPath);
    const model = await openModel(copy);
    const before = model.inspection;
    assert.ok(before);
    copyFileSync(file('digits-vit/model-dynamo.onnx').fsPath, copy.fsPath);
    await until(() => model.inspection && model.inspection !== before, 'the file is read again');
    assert.equal(model.inspection?.model.bytes, statSync(copy.fsPath).size);
    rmSync(copy.fsPath);
    await until(() => model.error, 'the file is missed');
  });

  it('remembers sizes with the model', async () => {
    const model = await openModel(sample());
    const [dimension] = model.dimensions ?? [];
    assert.equal(dimension?.role, 'batch');
    await model.setSizes({ dims: { [dimension!.symbol]: 8 } });
    assert.equal(model.inspection?.totals.macs, 8 * 3_495_040);
    await closeAll();
    assert.deepEqual((await openModel(sample())).sizes, { dims: { [dimension!.symbol]: 8 } });
    await model.setSizes({});
    assert.equal(model.inspection?.totals.macs, 3_495_040);
  });

  it('opens beside the plain text of its own file', async () => {
    await vscode.commands.executeCommand('vscode.openWith', sample(), 'default');
    const model = await openModel(sample());
    assert.ok(model.inspection);
  });
});
