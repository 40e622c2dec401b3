import type { ByteSource } from '../base/bytes';
import { UserError } from '../base/errors';
import { formatBytes } from '../base/format';

/** Files of other kinds that get the name of a model, by how they begin. */
const kinds: readonly { readonly at?: number; readonly start: string; readonly what: string }[] = [
  { start: 'PK\x03\x04', what: 'a ZIP archive (as PyTorch and TensorFlow save their own models)' },
  { start: '\x1f\x8b', what: 'compressed with gzip' },
  { start: '\x89HDF', what: 'an HDF5 file (as Keras saves its models)' },
  { start: 'GGUF', what: 'a GGUF file' },
  { start: '\x80\x02}', what: 'a Python pickle' },
  { at: 4, start: 'TFL3', what: 'a TensorFlow Lite model' },
  { at: 4, start: 'ORTM', what: "a model in ONNX Runtime's own ORT format" },
  { start: '\x93NUMPY', what: 'a NumPy array' },
];

/** A Git LFS pointer fits in, and what is not text has shown it by then. */
const headLength = 256;

const lfsStart = 'version https://git-lfs.github.com/spec/';

/** Throws for a file that is empty, a Git LFS pointer, text, or a model of another format, and says which. */
export function refuseOtherFiles(source: ByteSource): void {
  if (source.size === 0) throw new UserError('badFile', `${source.name} is empty.`, again);
  const head = source.read(0, Math.min(headLength, source.size));
  const start = String.fromCharCode(...head);
  if (start.startsWith(lfsStart)) throw lfsPointer(source.name, start);
  const kind = kinds.find((each) => start.startsWith(each.start, each.at ?? 0));
  if (kind) throw other(source.name, kind.what);
  if (isText(head)) throw other(source.name, textKind(start));
}

const again = 'Export or download the model again.';

function other(name: string, what: string): UserError {
  return new UserError('badFile', `${name} is not an ONNX model: it is ${what}.`, again);
}

function lfsPointer(name: string, content: string): UserError {
  const size = /^size (\d{1,15})$/m.exec(content)?.[1];
  const real = size === undefined ? 'the model' : `the model (${formatBytes(Number(size))})`;
  return new UserError(
    'gitLfsPointer',
    `${name} is a Git LFS pointer: ${real} itself has not been downloaded.`,
    'Run "git lfs pull" in its repository, then open it again.',
  );
}

/** A model begins with a field's tag and soon has bytes that no text has. */
function isText(head: Uint8Array): boolean {
  return head.every((byte) =>
    byte >= 0x20 ? byte !== 0x7f : byte === 9 || byte === 10 || byte === 13,
  );
}

function textKind(start: string): string {
  if (/^\s*(<!doctype|<html)/i.test(start)) return 'a web page';
  if (/^\s*(<\s*)?ir_version\s*:/.test(start))
    return 'a model in text form, which is not supported';
  if (/^\s*[{[]/.test(start)) return 'JSON';
  return 'a text file';
}
