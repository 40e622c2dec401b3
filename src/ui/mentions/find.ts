/** A place in a line of source that names an ONNX file. */
export interface Mention {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  /** As written, without its quotes. */
  readonly path: string;
}

/** Longer lines are minified or data: nobody reads lenses there. */
const longestLine = 2000;

/** A quoted path, or in YAML a bare one, that ends in `.onnx`. A path with a placeholder in it names no file that could be found. */
const quoted = /(["'`])((?:(?!\1)[^\\{}<>|*?"]|\\\\)+?\.onnx)\1/gi;
const bare = /(?<=^|[\s:[,-])([^\s"'`#,:{}[\]]+\.onnx)(?=$|[\s,\]}#])/gi;

/** Every place in a text that names an ONNX file. */
export function findMentions(text: string, language: string): readonly Mention[] {
  const patterns = language === 'yaml' ? [quoted, bare] : [quoted];
  return text.split(/\r?\n/).flatMap((content, line) => {
    if (content.length > longestLine || !/\.onnx/i.test(content)) return [];
    return patterns.flatMap((pattern) =>
      [...content.matchAll(pattern)].map((match) => {
        const path = match[2] ?? match[1] ?? '';
        const from = match.index + match[0].indexOf(path);
        return { line, from, to: from + path.length, path: path.replaceAll('\\\\', '/') };
      }),
    );
  });
}
