import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addBuild } from '../../src/cli/buildOptions';
import { addCompare } from '../../src/cli/compareOptions';
import { type DataOptions, dataRequest, recipeData, withData } from '../../src/cli/dataOptions';
import { addProfile } from '../../src/cli/modelCommands';
import { addPlan } from '../../src/cli/planOptions';
import { addSensitivity } from '../../src/cli/sensitivityOptions';

test('every command that runs a model on data takes the same options for it', () => {
  const root = new Command();
  const { signal } = new AbortController();
  for (const add of [addProfile, addCompare, addSensitivity, addPlan, addBuild]) add(root, signal);
  const all = root.commands.flatMap((command) => [command, ...command.commands]);
  const fed = all.filter(({ options }) => options.some(({ long }) => long === '--data'));
  assert.deepEqual(
    fed.map((command) => command.name()),
    ['profile', 'compare', 'sensitivity', 'plan', 'quantize', 'new'],
  );
  for (const command of fed) {
    const shuffle = command.name() === 'plan' ? '--no-shuffle' : '--shuffle';
    const flags = ['--data <FILE>', '--label <NAME>', '--samples <N>', shuffle, '--seed <N>'];
    for (const flag of flags) {
      assert.ok(
        command.options.some((option) => option.flags === flag),
        `${command.name()} ${flag}`,
      );
    }
    assert.equal(command.opts<DataOptions>().seed, 1);
  }
});

async function parsed(...args: readonly string[]): Promise<DataOptions> {
  const command = withData(new Command('try'), { use: 'try this' }).exitOverride();
  let found: DataOptions | undefined;
  command.configureOutput({ writeErr: () => {} });
  await command
    .action((options: DataOptions) => {
      found = options;
    })
    .parseAsync([...args], { from: 'user' });
  return found!;
}

test('requests and recipes hold what was typed, and a seed only where samples are drawn', async () => {
  const typed = await parsed('--data', '/d.npz', '--samples', '8', '--shuffle', '--seed', '3');
  assert.deepEqual(dataRequest(typed), { data: '/d.npz', samples: 8, shuffle: true, seed: 3 });
  assert.deepEqual(recipeData(typed), { samples: 8, seed: 3 });
  assert.deepEqual(recipeData(await parsed('--data', '/d.npz', '--label', 'class')), {
    label: 'class',
  });
  assert.deepEqual(dataRequest(await parsed()), { seed: 1 });
});

test('what chooses among samples is refused where there are none, and so is no number', async () => {
  for (const option of [['--samples', '4'], ['--shuffle'], ['--label', 'y']]) {
    await assert.rejects(parsed(...option), {
      ...{ code: 'badInput', message: `${option[0]} is about --data, which is missing.` },
    });
  }
  await assert.rejects(parsed('--data', 'd.npz', '--samples', '0'), /whole number from 1 on/);
});
