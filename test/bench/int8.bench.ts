import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applySteps } from '../../src/build/apply';
import { Models } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import type { Step } from '../../src/protocol/recipe';
import { payingPreparations } from '../../src/recipe/preparations';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds, Session } from '../../src/runtime/runner';
import { judge, median, milliseconds } from './judge';

/**
 * MiniLM-SST2 in dynamic int8 on one thread, with the preparations that pay, beside the same without any and, where PEER_INT8 names the
 * file, beside what ONNX Runtime's own tool makes of the model. All run in turn, in blocks; the figures are medians of this thread's own
 * time, so that a busy machine does not decide.
 */
const source = '../shared/models/minilm-sst2/model.onnx';
const sizes = [
  [1, 16],
  [1, 32],
  [1, 128],
  [8, 32],
] as const;
const rounds = 15;
/** Long enough for the system's count of a thread's time, in milliseconds. */
const blockTime = 60;

const peer = process.env['PEER_INT8'];
/** How much faster than the peer the prepared model must be, and than itself unprepared. */
const wanted = { peer: 1.15, unprepared: 1 };

const dynamic: Step = { action: 'int8Dynamic', targets: {} };

if (existsSync(source)) void main();
else console.log('– int8 on MiniLM-SST2: skipped, it is not there');

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-int8-'));
  try {
    const files = {
      fp32: source,
      ...(peer ? { peer } : {}),
      unprepared: await made([dynamic], join(folder, 'unprepared.onnx')),
      prepared: await made([...payingPreparations, dynamic], join(folder, 'prepared.onnx')),
    };
    await race(files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function made(steps: readonly Step[], file: string): Promise<string> {
  const { index, external } = new Models().sized(source, {});
  const { open } = external;
  const applied = await applySteps(index, steps, { open });
  saveModel(applied.index.model, file, { open });
  return file;
}

async function race(files: Readonly<Record<string, string>>): Promise<void> {
  const sessions = new Map<string, Session>();
  for (const [name, file] of Object.entries(files)) {
    sessions.set(
      name,
      await ortRunner().load(file, { threads: 1, provider: 'cpu', optimize: 'all' }),
    );
  }
  for (const [batch, sequence] of sizes) {
    const times = await timed(sessions, sentence(batch, sequence));
    report(`${batch}×${sequence}`, times);
  }
  for (const session of sessions.values()) await session.release();
}

/** Milliseconds per run, block by block, of every session in turn. */
async function timed(
  sessions: ReadonlyMap<string, Session>,
  feeds: Feeds,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map([...sessions.keys()].map((name) => [name, [] as number[]]));
  const [slowest] = sessions.values();
  const once = slowest ? await block(slowest, feeds, 3) : 1;
  const runs = Math.max(3, Math.ceil(blockTime / once));
  for (const session of sessions.values()) await block(session, feeds, 3);
  for (let round = 0; round < rounds; round++) {
    for (const [name, session] of sessions)
      times.get(name)?.push(await block(session, feeds, runs));
  }
  return times;
}

async function block(session: Session, feeds: Feeds, runs: number): Promise<number> {
  const started = threadClock();
  for (let run = 0; run < runs; run++) await session.run(feeds);
  return (threadClock() - started) / runs;
}

/** Milliseconds that this thread has run, where the system tells; what a clock shows elsewhere. */
function threadClock(): number {
  const file = `/proc/self/task/${process.pid}/schedstat`;
  return existsSync(file)
    ? Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6
    : performance.now();
}

function report(size: string, times: ReadonlyMap<string, readonly number[]>): void {
  const prepared = times.get('prepared') ?? [];
  const ratioTo = (name: string) =>
    median((times.get(name) ?? []).map((time, round) => time / (prepared[round] ?? time)));
  const ratios = [...times.keys()].map((name) => `${name} ${ratioTo(name).toFixed(3)}`);
  console.log(`  ${size}: times as long as prepared: ${ratios.join(', ')}`);
  for (const [name, factor] of Object.entries(wanted)) {
    if (!times.has(name)) continue;
    const value = median(prepared);
    // The median of the rounds' ratios, put as the time that the baseline would have taken.
    const limit = (value * ratioTo(name)) / factor;
    const baseline = `${name} takes ${ratioTo(name).toFixed(2)} times as long, ${factor} wanted`;
    judge({ what: `int8 ${size}, beside ${name}`, value, limit, format: milliseconds, baseline });
  }
}

/** One batch of made-up sentences without padding. */
function sentence(batch: number, sequence: number): Feeds {
  const tensor = (value: (i: number) => number) => ({
    dtype: 'int64' as const,
    shape: [batch, sequence],
    data: BigInt64Array.from({ length: batch * sequence }, (_, i) => BigInt(value(i))),
  });
  return {
    input_ids: tensor((i) => 1000 + ((i * 7919) % 20_000)),
    attention_mask: tensor(() => 1),
    token_type_ids: tensor(() => 0),
  };
}
