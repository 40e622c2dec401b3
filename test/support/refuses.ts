import assert from 'node:assert/strict';
import { isUserError, type ErrorCode } from '../../src/base/errors';

/** Asserts that `call` throws a user's error of that code, of one line, whose message matches. */
export function refuses(call: () => unknown, code: ErrorCode, message: RegExp): void {
  assert.throws(call, (error) => {
    assert.ok(isUserError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}
