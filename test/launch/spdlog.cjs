// Stands in for VS Code's native log writer, whose interface this is: appends each line to the log's file.
const { appendFileSync, mkdirSync } = require('node:fs');
const { dirname } = require('node:path');

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

/** @param {string} file */
function createLogger(file) {
  let level = 2;
  let plain = false;
  mkdirSync(dirname(file), { recursive: true });
  const write = (/** @type {number} */ at, /** @type {string} */ message) => {
    if (at < level) return;
    const line = plain ? message : `${new Date().toISOString()} [${levels[at]}] ${message}\n`;
    try {
      appendFileSync(file, line);
    } catch {
      // The folder of a finished run may be gone before its last line is written.
    }
  };
  return {
    getLevel: () => level,
    setLevel: (/** @type {number} */ to) => void (level = to),
    setPattern: () => {},
    clearFormatters: () => void (plain = true),
    flush: () => {},
    drop: () => {},
    ...Object.fromEntries(
      levels.map((name, at) => [name, (/** @type {string} */ message) => write(at, message)]),
    ),
  };
}

const create = async (/** @type {string} */ _name, /** @type {string} */ file) =>
  createLogger(file);
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
