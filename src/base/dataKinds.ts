/** The kinds of data that a model can be run on: what a person chooses, and what it holds. One list for all that names them. */
export const dataKinds = {
  arrays: { files: '.npz or .npy', holds: 'arrays by the names of the model’s inputs' },
  texts: { files: '.jsonl', holds: 'texts, with the model’s tokenizer.json beside it' },
  table: { files: '.csv', holds: 'one sample a line, columns in the order of the model’s inputs' },
  images: { files: 'a folder of .png or .jpg', holds: 'images, with their preprocessing stated' },
  testSets: { files: 'a folder of input_N.pb', holds: 'test sets in ONNX’s own format' },
} as const satisfies Record<string, { readonly files: string; readonly holds: string }>;
export type DataKind = keyof typeof dataKinds;

/** Every kind in one phrase, for help and messages: `.npz or .npy, .jsonl, … or a folder of input_N.pb`. */
export const dataKindsPhrase = Object.values(dataKinds)
  .map(({ files }) => files)
  .join(', ')
  .replace(/, (?=[^,]*$)/, ', or ');

/** What a set of data is, as far as a person must know it to judge figures that stand on it. */
export interface DataFacts {
  /** Null for inputs that were made up. */
  readonly kind: DataKind | null;
  /** The file's or folder's name; `synthetic` for inputs that were made up. */
  readonly name: string;
  /** In all of it. */
  readonly samples: number;
  /** That were run on. */
  readonly used: number;
  /** The seed they were drawn with; null where the first ones were taken. */
  readonly drawnWith: number | null;
  /** Different labels among those used; null for data without labels. */
  readonly classes: number | null;
  /** Positions that are not padding in those used; null for data without a length of their own. */
  readonly lengths: {
    readonly least: number;
    readonly median: number;
    readonly most: number;
  } | null;
  /** What nobody stated and was taken to be so, a sentence each. */
  readonly assumed: readonly string[];
}
