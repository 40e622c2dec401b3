import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** The files of a .tar.gz: name and content, in order. */
export function* tarFiles(path: string): Generator<{ name: string; content: Uint8Array }> {
  const tar = gunzipSync(readFileSync(path));
  const text = (from: number, length: number) =>
    tar
      .subarray(from, from + length)
      .toString('latin1')
      .replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    const prefix = text(at + 345, 155);
    const name = (prefix ? `${prefix}/` : '') + text(at, 100);
    if (kind === '0' || kind === '') {
      yield { name: name.replace(/^\.\//, ''), content: tar.subarray(at + 512, at + 512 + size) };
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
