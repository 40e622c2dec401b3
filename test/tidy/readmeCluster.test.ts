import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { Sensitivity } from '../../src/protocol/sensitivity';
import { programFolder } from '../cli/program';
import { inFolder } from '../support/folder';

const readme = readFileSync('README.md', 'utf8');
const example = (language: string) =>
  new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme)?.[1] ?? '';

/** The reader of YAML that the test runner of the editor's suite brings along. */
const yaml = createRequire(resolve('node_modules/mocha/package.json'))('js-yaml') as {
  loadAll(text: string): unknown[];
};

interface Job {
  readonly kind: string;
  readonly spec: {
    readonly completionMode?: string;
    readonly completions?: number;
    readonly parallelism?: number;
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly args: readonly string[];
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
          readonly workingDir: string;
        }[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

/** A folder as all machines would see it, and the environment in which `featherweight` is this repository's. */
function shared(folder: string) {
  const sample = (name: string) => resolve('media/samples/digits-vit', name);
  copyFileSync(sample('model.onnx'), join(folder, 'model.onnx'));
  copyFileSync(sample('test.npz'), join(folder, 'dev.npz'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = join(programFolder(), 'cli.js');
  const command = join(bin, 'featherweight');
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(command, 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  return { cwd: folder, env: { ...env, XDG_CACHE_HOME: join(folder, 'kept') } };
}

function whole(folder: string): Sensitivity {
  const text = readFileSync(join(folder, 'sensitivity.json'), 'utf8');
  const merged = JSON.parse(text) as Sensitivity;
  assert.equal(merged.layers.length, 28);
  assert.ok(merged.complete && merged.shard === null);
  return merged;
}

const withoutShell = process.platform === 'win32' ? 'no sh' : false;

test(
  'the indexed job is one that a cluster takes, and its commands do what they say',
  { skip: withoutShell },
  () =>
    inFolder((folder) => {
      const [sweep, merge] = yaml.loadAll(example('yaml')) as Job[];
      assert.ok(sweep && merge);
      for (const { kind, spec } of [sweep, merge]) {
        assert.equal(kind, 'Job');
        const { containers, volumes, restartPolicy } = spec.template.spec;
        // A job's pods may not be restarted for ever.
        assert.match(restartPolicy, /^(OnFailure|Never)$/);
        const [{ volumeMounts, workingDir } = assert.fail('no container')] = containers;
        assert.deepEqual(
          volumeMounts.map(({ name }) => name),
          volumes.map(({ name }) => name),
        );
        assert.equal(volumeMounts[0]?.mountPath, workingDir);
      }
      const { completionMode, completions = 0, parallelism } = sweep.spec;
      assert.equal(completionMode, 'Indexed');
      assert.equal(parallelism, completions);
      const options = shared(folder);
      const run = ({ spec }: Job, more: Record<string, string> = {}) => {
        const [{ command, args } = assert.fail('no container')] = spec.template.spec.containers;
        const [program = '', ...flags] = [...command, ...args];
        execFileSync(program, flags, {
          ...options,
          env: { ...options.env, ...more },
          stdio: 'pipe',
        });
      };
      for (let index = 0; index < completions; index++) {
        run(sweep, { JOB_COMPLETION_INDEX: String(index) });
      }
      run(merge);
      whole(folder);
      // What a part that is run again finds.
      run(sweep, { JOB_COMPLETION_INDEX: '3' });
      const part = JSON.parse(readFileSync(join(folder, 'parts/3.json'), 'utf8')) as Sensitivity;
      assert.equal(part.reused, part.layers.length);
    }),
);

const python = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);

/** What the example uses of Ray, on one machine: where the tasks run is Ray's own affair. */
const localRay = `
def init():
    pass

def get(results):
    return list(results)

def remote(**options):
    def wrap(task):
        task.remote = task
        return task
    return wrap
`;

test(
  'the tasks of the Ray example run the parts and merge them',
  { skip: python ? withoutShell : 'no Python' },
  () =>
    inFolder((folder) => {
      const options = shared(folder);
      writeFileSync(join(folder, 'ray.py'), localRay);
      writeFileSync(join(folder, 'sweep.py'), example('python'));
      execFileSync(python!, ['sweep.py'], { ...options, stdio: 'pipe' });
      whole(folder);
    }),
);
