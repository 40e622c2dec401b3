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
import type { Feeds, Runner, RunTensor, Session, SessionOptions, Turn } from './runner';

type Options = ort.InferenceSession.SessionOptions;
type Create = (model: string | Uint8Array, options: Options) => Promise<Native>;

type Tensors = Record<string, ort.Tensor>;
type Values = Readonly<Record<string, ort.OnnxValue>>;

/** What is used of the runtime's sessions, wherever they live. */
interface Native extends Omit<LaneSession, 'run' | 'number'> {
  run(feeds: Tensors, fetches: readonly string[]): Promise<Values>;
  /** Runs sessions of its lane one after the other; left out where it lives in none. */
  runInTurn?(
    turns: readonly NativeTurn[],
    feeds: Tensors,
    wanted: readonly string[],
  ): Promise<Values>;
  /** Among those of its lane. */
  readonly number?: number;
  /** Only a session of this thread can be profiled. */
  endProfiling?(): void;
}

interface NativeTurn {
  readonly session: Native;
  readonly fetches: readonly string[];
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
        const { run, number, ...session } = await thread.create(model, options);
        return {
          ...{ ...session, number },
          async run(feeds, fetches) {
            return here(await run([{ session: number, fetches }], there(feeds), fetches));
          },
          async runInTurn(turns, feeds, wanted) {
            const numbered = turns.map((turn) => ({ ...turn, session: turn.session.number ?? -1 }));
            return here(await run(numbered, there(feeds), wanted));
          },
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
  const { threads, spinning, provider, optimize, optimizedFile, traceFile, arena, externalFolder } =
    options;
  const extra: Record<string, string> = {};
  if (spinning === 'never') extra['intra_op.allow_spinning'] = '0';
  if (spinning === 'withinRuns') extra['force_spinning_stop'] = '1';
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
  const opened: Session = {
    inputs: session.inputNames,
    outputs,
    loadMs,
    run: (feeds, fetches = outputs) => run(session, name, feeds, fetches),
    runInTurn: (turns, feeds, wanted) => runInTurn(session, name, turns, feeds, wanted),
    endTrace: () => {
      session.endProfiling?.();
      return findTrace(traceFile);
    },
    release: () => session.release(),
  };
  natives.set(opened, session);
  return opened;
}

const natives = new WeakMap<Session, Native>();

async function run(
  session: Native,
  name: string,
  feeds: Feeds,
  fetches: readonly string[],
): Promise<{ outputs: Feeds; ms: number }> {
  const given = toRuntime(session.inputNames, name, feeds);
  try {
    const started = performance.now();
    const results = await session.run(given, fetches);
    const ms = performance.now() - started;
    return { outputs: await fetched(results, fetches), ms };
  } catch (error) {
    throw explainRuntimeError(error, name);
  }
}

async function runInTurn(
  first: Native,
  name: string,
  turns: readonly Turn[],
  feeds: Feeds,
  wanted: readonly string[],
): Promise<Feeds> {
  const there = turns.flatMap(({ session, fetches }): NativeTurn[] => {
    const native = natives.get(session);
    return native ? [{ session: native, fetches }] : [];
  });
  const inputs = new Set(there.flatMap(({ session }) => session.inputNames));
  const given = toRuntime([...inputs], name, feeds);
  try {
    const results = await (first.runInTurn ?? eachInTurn)(there, given, wanted);
    return await fetched(results, wanted);
  } catch (error) {
    throw explainRuntimeError(error, name);
  }
}

async function eachInTurn(turns: readonly NativeTurn[], feeds: Tensors): Promise<Values> {
  const values: Record<string, ort.OnnxValue> = { ...feeds };
  for (const { session, fetches } of turns) {
    const taken = session.inputNames.filter((input) => values[input] !== undefined);
    const given = Object.fromEntries(taken.map((input) => [input, values[input] as ort.Tensor]));
    Object.assign(values, await session.run(given, fetches));
  }
  return values;
}

async function fetched(values: Values, names: readonly string[]): Promise<Feeds> {
  const tensors = await Promise.all(
    names.map(async (name) => [name, await fromRuntime(values[name])] as const),
  );
  return Object.fromEntries(tensors);
}

/** Only what is taken: initializers that are also inputs must not be fed, the runtime ignores them without a word. */
function toRuntime(inputs: readonly string[], name: string, feeds: Feeds): Tensors {
  const given: Tensors = {};
  for (const input of inputs) {
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
