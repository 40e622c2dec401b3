import { readdirSync, symlinkSync } from 'node:fs';
import { devNull } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { DType } from '../tensor/dtype';
import { isArrayType } from './arrays';
import { type LaneSession, LaneThread, type PlainTensor } from './lane';
import { explainRuntimeError } from './ortErrors';
import type { Feeds, Runner, RunTensor, Session, SessionOptions } from './runner';

type Options = ort.InferenceSession.SessionOptions;
type Create = (model: string | Uint8Array, options: Options) => Promise<Native>;

/** What is used of the runtime's sessions, wherever they live. */
interface Native extends Omit<LaneSession, 'run'> {
  run(
    feeds: Record<string, ort.Tensor>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, ort.OnnxValue>>>;
  /** Only a session of this thread can be profiled. */
  endProfiling?(): void;
}

/** Runs models with onnxruntime-node; this file is its only importer. */
export function ortRunner(): Runner {
  keepHalfFloatsAsBits();
  const bundled = ort.listSupportedBackends().filter((backend) => backend.bundled);
  return {
    version: ort.env.versions.node ?? '',
    providers: bundled.map((backend) => backend.name),
    load: (model, options) => load(create, model, options),
    lane() {
      const thread = new LaneThread(require.resolve('onnxruntime-node'));
      const createThere: Create = async (model, options) => {
        const { run, ...session } = await thread.create(model, options);
        return {
          ...session,
          run: async (feeds, fetches) => here(await run(there(feeds), fetches)),
        };
      };
      return {
        load: (model, options) => load(createThere, model, options),
        close: () => thread.close(),
      };
    },
  };
}

/**
 * Newer Node has a Float16Array, which the package's tensors then insist on and its native half (1.30) cannot read. They look for it once, when the
 * first tensor is made: it is hidden from them for that moment.
 */
function keepHalfFloatsAsBits(): void {
  const scope = globalThis as { Float16Array?: unknown };
  const { Float16Array } = scope;
  if (Float16Array === undefined) return;
  scope.Float16Array = undefined;
  try {
    new ort.Tensor('uint8', new Uint8Array(0), [0]);
  } finally {
    scope.Float16Array = Float16Array;
  }
}

async function load(
  create: Create,
  model: string | Uint8Array,
  options: SessionOptions,
): Promise<Session> {
  const name = options.name ?? (typeof model === 'string' ? basename(model) : 'the model');
  if (options.optimizedFile) discardWeights(options.optimizedFile);
  const started = performance.now();
  try {
    const session = await create(model, sessionOptions(options));
    return openSession(session, name, performance.now() - started, options.traceFile);
  } catch (error) {
    throw explainRuntimeError(error, name);
  }
}

function create(model: string | Uint8Array, options: Options): Promise<Native> {
  return typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options);
}

const levels = { none: 'disabled', basic: 'basic', extended: 'extended', all: 'all' } as const;

function sessionOptions(options: SessionOptions): Options {
  const { threads, sleeping, provider, optimize, optimizedFile, traceFile, arena, externalFolder } =
    options;
  const extra: Record<string, string> = {};
  if (sleeping) extra['intra_op.allow_spinning'] = '0';
  if (externalFolder) extra['model_external_initializers_file_folder_path'] = externalFolder;
  if (optimizedFile) {
    extra['optimized_model_external_initializers_file_name'] = weightsBeside(optimizedFile);
    extra['optimized_model_external_initializers_min_size_in_bytes'] = '1024';
  }
  return {
    executionProviders: [provider],
    // 0 is what the runtime itself takes for "choose": one thread per physical core.
    intraOpNumThreads: threads,
    graphOptimizationLevel: levels[optimize],
    enableCpuMemArena: arena ?? true,
    // Only fatal messages: everything else comes as an error, and is told once.
    logSeverityLevel: 4,
    ...(optimizedFile ? { optimizedModelFilePath: optimizedFile } : {}),
    ...(traceFile ? { enableProfiling: true, profileFilePrefix: traceFile } : {}),
    ...(Object.keys(extra).length > 0 ? { extra: { session: extra } } : {}),
  };
}

const weightsBeside = (file: string) => `${basename(file)}.weights`;

/**
 * The runtime writes the optimised graph together with all weights, which nobody reads and which may be many gigabytes. A link sends
 * them nowhere. Windows has no such device file: there they are written, and go with the temporary folder.
 */
function discardWeights(optimizedFile: string): void {
  if (process.platform === 'win32') return;
  symlinkSync(devNull, join(dirname(optimizedFile), weightsBeside(optimizedFile)));
}

function openSession(
  session: Native,
  name: string,
  loadMs: number,
  traceFile: string | undefined,
): Session {
  const outputs = session.outputMetadata.filter((output) => output.isTensor).map((o) => o.name);
  return {
    inputs: session.inputNames,
    outputs,
    loadMs,
    run: (feeds, fetches = outputs) => run(session, name, feeds, fetches),
    endTrace: () => {
      session.endProfiling?.();
      return findTrace(traceFile);
    },
    release: () => session.release(),
  };
}

async function run(
  session: Native,
  name: string,
  feeds: Feeds,
  fetches: readonly string[],
): Promise<{ outputs: Feeds; ms: number }> {
  const given = toRuntime(session, name, feeds);
  try {
    const started = performance.now();
    const results = await session.run(given, fetches);
    const ms = performance.now() - started;
    const outputs = await Promise.all(
      fetches.map(async (output) => [output, await fromRuntime(results[output])] as const),
    );
    return { outputs: Object.fromEntries(outputs), ms };
  } catch (error) {
    throw explainRuntimeError(error, name);
  }
}

/** Only what the session takes: initializers that are also inputs must not be fed, the runtime ignores them without a word. */
function toRuntime(session: Native, name: string, feeds: Feeds): Record<string, ort.Tensor> {
  const given: Record<string, ort.Tensor> = {};
  for (const input of session.inputNames) {
    const tensor = feeds[input];
    if (tensor) given[input] = tensorFor(tensor, `${name}: the input ${quoted(input)}`);
  }
  return given;
}

/** Tensors on their way to a lane, and back. */
function there(tensors: Record<string, ort.Tensor>): Record<string, PlainTensor> {
  const plain = Object.entries(tensors).map(
    ([name, { type, data, dims }]) => [name, { type, data, dims }] as const,
  );
  return Object.fromEntries(plain);
}

function here(tensors: Readonly<Record<string, PlainTensor>>): Record<string, ort.Tensor> {
  const made = Object.entries(tensors).map(
    ([name, { type, data, dims }]) => [name, new Made(type, data, dims)] as const,
  );
  return Object.fromEntries(made);
}

/** The compiler cannot join a union of types with the union of their arrays; both come from one table. */
const Made = ort.Tensor as new (
  type: string,
  data: unknown,
  shape: readonly number[],
) => ort.Tensor;

function tensorFor({ dtype, shape, data }: RunTensor, what: string): ort.Tensor {
  if (dtype !== 'string' && !isArrayType(dtype)) {
    throw new UserError(
      'unsupported',
      `${what} is ${dtype}, which ONNX Runtime’s Node interface cannot carry.`,
    );
  }
  try {
    return new Made(dtype, data, shape);
  } catch (error) {
    throw explainRuntimeError(error, what);
  }
}

async function fromRuntime(value: ort.OnnxValue | undefined): Promise<RunTensor> {
  const tensor = value as ort.Tensor;
  const data = await tensor.getData();
  const dtype = tensor.type as DType;
  return { dtype, shape: tensor.dims, data };
}

/** The runtime appends the time to the prefix and does not say what it wrote. */
function findTrace(prefix: string | undefined): string {
  if (!prefix) throw new Error('endTrace: the session was opened without traceFile');
  const folder = dirname(prefix);
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${basename(prefix)}_`));
  if (!file) throw new UserError('runtime', 'ONNX Runtime left no trace of the run.');
  return join(folder, file);
}
