import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readTrace } from '../../src/profile/trace';

const folder = mkdtempSync(join(tmpdir(), 'fw-trace-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const event = (cat: string, name: string, ts: number, dur: number, args: object = {}) =>
  JSON.stringify({ cat, pid: 1, tid: 1, dur, ts, ph: 'X', name, args });
const node = (name: string, op: string, ts: number, dur: number) =>
  event('Node', `${name}_kernel_time`, ts, dur, {
    op_name: op,
    thread_scheduling_stats: { main_thread: {}, sub_threads: { 7: {}, 8: {} } },
  });
const run = (ts: number, dur: number) => event('Session', 'model_run', ts, dur);

function read(lines: readonly string[], end = '\n]') {
  const file = join(folder, 'trace.json');
  writeFileSync(file, `[\n${lines.join(',\n')}${end}`);
  return readTrace(file);
}

const times = (trace: ReturnType<typeof read>, at: number) =>
  Object.fromEntries([...trace.runs[at]!].map(([name, { op, ms }]) => [name, `${op} ${ms}`]));

test('gives every run its nodes, in milliseconds', () => {
  const trace = read([
    event('Session', 'session_initialization', 0, 9),
    node('a', 'MatMul', 10, 1500),
    node('b', 'Add', 1520, 20),
    run(5, 1600),
    node('a', 'MatMul', 2000, 1000),
    run(1990, 1100),
  ]);
  assert.equal(trace.runs.length, 2);
  assert.deepEqual(times(trace, 0), { a: 'MatMul 1.5', b: 'Add 0.02' });
  assert.deepEqual(times(trace, 1), { a: 'MatMul 1' });
  assert.equal(trace.threads, 3);
});

test('a node with a body is left its own time; calls of its nodes add up', () => {
  const trace = read([
    node('before', 'Relu', 0, 10),
    node('in1', 'MatMul', 20, 30),
    node('in2', 'Add', 51, 9),
    event('Session', 'SequentialExecutor::Execute', 19, 45),
    node('in1', 'MatMul', 70, 32),
    event('Session', 'SequentialExecutor::Execute', 69, 40),
    node('loop', 'Loop', 15, 100),
    event('Session', 'SequentialExecutor::Execute', 0, 120),
    run(0, 125),
  ]);
  assert.deepEqual(times(trace, 0), {
    before: 'Relu 0.01',
    in1: 'MatMul 0.062',
    in2: 'Add 0.009',
    loop: 'Loop 0.029',
  });
});

test('bodies inside bodies are not taken off twice', () => {
  const trace = read([
    node('deep', 'Mul', 10, 10),
    node('if', 'If', 8, 20),
    node('loop', 'Loop', 5, 50),
    run(0, 60),
  ]);
  assert.deepEqual(times(trace, 0), { deep: 'Mul 0.01', if: 'If 0.01', loop: 'Loop 0.03' });
});

test('a run that was cut off does not count, nor does a broken line', () => {
  const trace = read(
    [node('a', 'Relu', 0, 5), run(0, 6), node('a', 'Relu', 10, 5), '{"cat" : "No'],
    '',
  );
  assert.equal(trace.runs.length, 1);
});

test('lines longer than a block of the file are read whole', () => {
  const long = 'n'.repeat(3_000_000);
  const trace = read([node(`ü${long}`, 'Relu', 0, 5), run(0, 6)]);
  assert.equal([...trace.runs[0]!.keys()][0]!.length, long.length + 1);
});
