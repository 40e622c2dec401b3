import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Edit } from '../../onnx/edit';
import { edited, watching } from '../../onnx/edit';
import type { GraphIndex } from '../../onnx/graph';
import type { Attribute, Model } from '../../onnx/model';
import { spreadOf } from '../../profile/spread';
import type { Feeds, Runner, Session } from '../../runtime/runner';
import { partFor, partModel } from '../../sensitivity/part';
import { sizesIn } from '../../sensitivity/sizes';
import { outermost, readsOf } from '../../sensitivity/reach';
import type { Layer } from '../../structure/structure';
import { loadedInTurn } from '../../verify/latency';
import { saveModel } from '../saveModel';
import type { SizedModel } from '../models';

/** Values of one run, which parts of the model are fed. */
export type RunValues = ReadonlyMap<string, Feeds[string]>;

interface LoadOptions {
  readonly runner: Runner;
  readonly threads: number;
  readonly folder: string;
}

/** Runs the model once at its sizes, and keeps what the layers read. */
export async function valuesOf(
  { index, external }: SizedModel,
  feeds: Feeds,
  layers: readonly Layer[],
  options: LoadOptions,
): Promise<RunValues> {
  const reads = layers.flatMap(({ nodes }) => nodes.map(outermost).flatMap(readsOf));
  const names = [...new Set(reads)].filter((name) => index.main.producers.has(name));
  const session = await loadModel(watching(index, names), external.open, options);
  try {
    const known = names.filter((name) => session.outputs.includes(name));
    const { outputs } = await session.run(feeds, known.length > 0 ? known : undefined);
    return new Map(Object.entries({ ...feeds, ...outputs }));
  } finally {
    await session.release();
  }
}

/** The layers alone, as edits leave them, as a model that is fed what the run had there; undefined where it cannot be cut out. */
export function kernelModel(
  index: GraphIndex,
  layers: readonly Layer[],
  edits: readonly Edit[],
  values: RunValues,
): Model | undefined {
  const nodes = new Set(layers.flatMap((layer) => layer.nodes));
  if ([...nodes].some((entry) => entry.scope !== index.main)) return undefined;
  const after = edits.length > 0 ? edited(index, edits) : index;
  const fetched = new Set(index.main.graph.outputs.map(({ name }) => name));
  const outputs = [...nodes]
    .flatMap((entry) => entry.node.outputs)
    .filter((name) => {
      const readers = index.main.consumers.get(name) ?? [];
      return fetched.has(name) || readers.some((reader) => !nodes.has(reader));
    });
  // What one of the layer's nodes hands to the next was read in the run too, and is made here again.
  const own = new Set([...nodes].flatMap((entry) => entry.node.outputs));
  const part = partFor(after, outputs, (name) => values.has(name) && !own.has(name));
  if (part.outputs.length === 0 || part.inputs.some((name) => !values.has(name))) return undefined;
  return partModel(after, part, sizesIn(part.inputs, [{ clean: values }]));
}

/** What tells kernels apart: operators with their attributes, shapes of weights and of what they are fed. */
export function signatureOf({ graph }: Model): string {
  return JSON.stringify(
    [
      graph.nodes.map(({ op, domain, attributes }) => [
        op,
        domain,
        [...attributes.values()].map(plain),
      ]),
      graph.initializers.map(({ dtype, shape }) => [dtype, shape]),
      graph.inputs.map(({ type }) => type),
    ],
    (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  );
}

/** Numbers only: what else an attribute may hold does not choose a kernel. */
const plain = (attribute: Attribute) => {
  const isNumber = ['int', 'ints', 'float', 'floats'].includes(attribute.kind);
  return [attribute.name, isNumber ? attribute.value : null];
};

const warmup = 3;
const rounds = 25;

/**
 * Times models that are fed the same values in turn, and gives what each takes when nothing disturbs it: the tenth percentile, in
 * milliseconds. Undefined for models that the runtime refuses.
 */
export async function kernelTimes(
  models: readonly (Model | undefined)[],
  values: RunValues,
  open: SizedModel['external']['open'],
  options: LoadOptions,
): Promise<readonly (number | undefined)[]> {
  const sessions: (Session | undefined)[] = [];
  try {
    for (const model of models) {
      sessions.push(model && (await loadModel(model, open, options).catch(() => undefined)));
    }
    const times = models.map((): number[] => []);
    const feeds = sessions.map((session) => feedsFor(session, values));
    for (let round = -warmup; round < rounds; round++) {
      for (const [at, session] of sessions.entries()) {
        if (!session) continue;
        const { ms } = await session.run(feeds[at] ?? {});
        if (round >= 0) times[at]?.push(ms);
      }
    }
    return times.map((own) => (own.length > 0 ? spreadOf(own).p10 : undefined));
  } finally {
    for (const session of sessions) await session?.release();
  }
}

function feedsFor(session: Session | undefined, values: RunValues): Feeds {
  const found = (session?.inputs ?? []).flatMap((name) => {
    const tensor = values.get(name);
    return tensor ? [[name, tensor] as const] : [];
  });
  return Object.fromEntries(found);
}

/** Writes a model, loads it as it would run, and removes it. */
export async function loadModel(
  model: Model,
  open: SizedModel['external']['open'],
  { runner, threads, folder }: LoadOptions,
): Promise<Session> {
  const file = join(folder, 'kernel.onnx');
  const files = saveModel(model, file, { open });
  try {
    return await runner.load(file, { ...loadedInTurn, threads });
  } finally {
    for (const each of files) rmSync(each, { force: true });
  }
}
