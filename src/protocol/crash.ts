import { UserError } from '../base/errors';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last that it wrote to its error stream. */
  readonly lastWords: string;
  /** It ran on the editor's own binary, and not on a plain Node. */
  readonly isElectron: boolean;
}

interface Cause {
  readonly match: (exit: Exit) => boolean;
  readonly say: string;
  readonly hint: string;
}

const installNode =
  'Install Node.js 20 or newer, or name one in the setting featherweight.engine.nodePath, and run it again.';
const smaller =
  'Choose smaller sizes, close other programs, or run it on a machine with more memory.';
const report = 'Run it again; if it stops again, the log has its last words.';

/** Windows ends processes with NTSTATUS codes. */
const windows = {
  accessViolation: 0xc0000005,
  breakpoint: 0x80000003,
  illegalInstruction: 0xc000001d,
  dllNotFound: 0xc0000135,
  fastFail: 0xc0000409,
  /** Chromium's own, when an allocation fails. */
  outOfMemory: 0xe0000008,
};

const ended = (exit: Exit, signal: NodeJS.Signals, ...codes: readonly number[]) =>
  exit.signal === signal || (exit.code !== null && codes.includes(exit.code >>> 0));

/** Why engines stop, told apart by signal, exit code and last words. The first that matches speaks. */
const causes: readonly Cause[] = [
  {
    match: ({ lastWords }) =>
      /heap out of memory|bad_alloc|Array buffer allocation failed/.test(lastWords),
    say: 'it ran out of memory',
    hint: smaller,
  },
  {
    match: (exit) => exit.isElectron && ended(exit, 'SIGTRAP', windows.breakpoint),
    say: 'the model is too big for the editor’s own runtime, which cannot take about 2 GB at once',
    hint: installNode,
  },
  {
    match: (exit) => ended(exit, 'SIGKILL', windows.outOfMemory),
    say: 'the system ended it, most likely because memory ran out',
    hint: smaller,
  },
  {
    match: ({ lastWords }) => /GLIBC_|cannot open shared object|ERR_DLOPEN_FAILED/.test(lastWords),
    say: 'ONNX Runtime cannot be loaded on this system',
    hint: 'It needs glibc 2.28 or newer on Linux, and the package made for this platform.',
  },
  {
    match: (exit) => ended(exit, 'SIGILL', windows.illegalInstruction),
    say: 'this processor lacks instructions that ONNX Runtime uses',
    hint: 'Run it on a newer machine; inspecting the model works here.',
  },
  {
    match: (exit) => ended(exit, 'SIGSEGV', windows.accessViolation) || exit.signal === 'SIGBUS',
    say: 'ONNX Runtime crashed (memory access)',
    hint: 'Try other sizes or one thread; a file that changes while it is open also does this.',
  },
  {
    match: (exit) => ended(exit, 'SIGABRT', windows.fastFail, 134),
    say: 'ONNX Runtime gave up (abort)',
    hint: report,
  },
  {
    match: (exit) => ended(exit, 'SIGTRAP', windows.breakpoint),
    say: 'it stopped at a failed check (trap)',
    hint: report,
  },
  {
    match: (exit) => ended(exit, 'SIGTERM') || ended(exit, 'SIGINT'),
    say: 'somebody ended its process',
    hint: 'Run it again.',
  },
  {
    match: ({ lastWords }) => lastWords.includes('Cannot find module'),
    say: 'a part of it is missing',
    hint: 'Install the extension again.',
  },
];

/** The error for a call whose engine died. `doing` is e.g. "running model.onnx". */
export function crashError(exit: Exit, doing: string): UserError {
  const cause = causes.find(({ match }) => match(exit));
  const how = exit.signal ?? `exit code ${exit.code ?? 'unknown'}`;
  const why = cause ? `${cause.say} (${how})` : how;
  return new UserError(
    'crash',
    `The engine stopped while ${doing}: ${why}.`,
    cause?.hint ?? report,
  );
}
