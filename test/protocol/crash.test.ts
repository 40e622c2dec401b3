import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashError, type Exit } from '../../src/protocol/crash';

const exit = (more: Partial<Exit>): Exit => ({
  ...{ code: null, signal: null, lastWords: '', isElectron: false },
  ...more,
});

const cases: readonly [Partial<Exit>, RegExp, RegExp?][] = [
  [
    { signal: 'SIGTRAP', isElectron: true },
    /too big for the editor’s own runtime.*SIGTRAP/,
    /Install Node/,
  ],
  [{ code: 0x80000003, isElectron: true }, /too big/, /Install Node/],
  [{ code: -2147483645, isElectron: true }, /too big/],
  [{ signal: 'SIGTRAP' }, /failed check/],
  [{ signal: 'SIGKILL' }, /memory ran out.*SIGKILL/, /smaller sizes/],
  [{ code: 0xe0000008 }, /memory ran out/],
  [{ signal: 'SIGSEGV' }, /memory access/],
  [{ code: 3221225477 }, /memory access/],
  [{ signal: 'SIGBUS' }, /memory access/],
  [{ signal: 'SIGILL' }, /processor lacks/],
  [{ signal: 'SIGABRT' }, /abort/],
  [
    { signal: 'SIGABRT', lastWords: 'FATAL ERROR: JavaScript heap out of memory' },
    /ran out of memory/,
  ],
  [{ code: 134 }, /abort/],
  [{ signal: 'SIGTERM' }, /somebody ended/],
  [{ code: 1, lastWords: "Error: Cannot find module '/x/engine.js'" }, /part of it is missing/],
  [{ code: 127, lastWords: "version `GLIBC_2.28' not found" }, /cannot be loaded/],
  [{ code: 3 }, /exit code 3/, /log/],
];

for (const [how, message, hint] of cases) {
  test(`${how.signal ?? how.code} ${how.isElectron ? 'in the editor’s binary ' : ''}is explained`, () => {
    const error = crashError(exit(how), 'running model.onnx');
    assert.equal(error.code, 'crash');
    assert.match(error.message, /^The engine stopped while running model\.onnx: /);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint ?? /./);
  });
}
