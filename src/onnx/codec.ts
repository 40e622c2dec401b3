import type { ByteRange } from '../base/bytes';
import { safeInteger } from './attributes';
import type { Output } from './output';
import { wires, type WireReader } from './wire';

/** How one kind of value is read from and written to a field of a message. */
export interface Codec<T> {
  readonly wire: number;
  /** Reads the value; the tag has been read. Field and index are for messages about damage. */
  read(reader: WireReader, field: string, index: number): T;
  /** Writes the value without its tag. */
  write(output: Output, value: T): void;
  /** For a packed list that is told apart into single elements: the wire type of those. */
  readonly elementWire?: number;
}

/** A field of a message: at most one value, or a list of them. */
export interface Field<T> {
  readonly number: number;
  readonly codec: Codec<T>;
  readonly repeated: boolean;
}
export interface One<T> extends Field<T> {
  readonly repeated: false;
}
export interface Many<T> extends Field<T> {
  readonly repeated: true;
}

export function one<T>(number: number, codec: Codec<T>): One<T> {
  return { number, codec, repeated: false };
}

export function many<T>(number: number, codec: Codec<T>): Many<T> {
  return { number, codec, repeated: true };
}

export const text: Codec<string> = {
  wire: wires.bytes,
  read: (reader) => reader.text(),
  write: (output, value) => output.text(value),
};

export const bytes: Codec<Uint8Array> = {
  wire: wires.bytes,
  read: (reader) => reader.bytes(),
  write: (output, value) => output.bytes(value),
};

/** Bytes that stay where they are. */
export const stretch: Codec<ByteRange> = {
  wire: wires.bytes,
  read: (reader) => reader.range(),
  write: (output, value) => output.range(value),
};

/** A list of numbers lying together that stays where it is; single elements are stretches of their own. */
export function packed(elementWire: number): Codec<ByteRange> {
  return { ...stretch, elementWire };
}

export const int64: Codec<bigint> = {
  wire: wires.varint,
  read: (reader) => reader.int64(),
  write: (output, value) => output.int64(value),
};

/** An integer that no sound file has beyond 2^53; clamped to it. */
export const integer: Codec<number> = {
  wire: wires.varint,
  read: (reader) => safeInteger(reader.int64()),
  write: (output, value) => output.int64(BigInt(value)),
};

export const float: Codec<number> = {
  wire: wires.fixed32,
  read: (reader) => reader.float(),
  write: (output, value) => output.float(value),
};

type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values of a message's fields by their names in the schema. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Many<infer T>
    ? readonly T[]
    : F[K] extends One<infer T>
      ? T | undefined
      : never;
};

/** What a message holds besides its fields. */
export interface Rest {
  /** Fields that the schema does not know, with their tags. */
  readonly unknown: Uint8Array;
  /** Where the message lies. */
  readonly range: ByteRange;
  readonly reader: WireReader;
}

interface MessageSpec<F extends Fields, T> {
  readonly fields: F;
  /** Makes the record from what was read. */
  make(values: Values<F>, rest: Rest): T;
  /** The opposite. Fields left out are not written. */
  split(value: T): Partial<Values<F>> & { readonly unknown?: Uint8Array };
  /** Records remember their place in the file and are written back from there, so that nothing in them gets lost. */
  readonly verbatim?: boolean;
}

export interface MessageCodec<T> extends Codec<T> {
  /** The message without the length before it: for the outermost one. */
  readBody(reader: WireReader, range: ByteRange): T;
  writeBody(output: Output, value: T): void;
}

/** Where records that nobody edited lie in their files. Records are never changed in place, so this stays true. */
const origins = new WeakMap<object, ByteRange>();

/** A message of `fields`, turned into a record of the model. */
export function message<F extends Fields, T extends object>(
  spec: MessageSpec<F, T>,
): MessageCodec<T> {
  const byNumber: (readonly [string, Field<unknown>] | undefined)[] = [];
  const empty: RawValues = {};
  for (const [name, field] of Object.entries(spec.fields)) {
    byNumber[field.number] = [name, field];
    empty[name] = field.repeated ? noItems : undefined;
  }
  const inOrder = byNumber.filter((entry) => entry !== undefined);
  const readBody = (reader: WireReader, range: ByteRange): T => {
    const { values, unknown } = readFields(reader, byNumber, empty);
    return spec.make(values as Values<F>, { unknown, range, reader });
  };
  const writeBody = (output: Output, value: T): void => {
    const values: Readonly<Record<string, unknown>> = spec.split(value);
    for (const [name, field] of inOrder) writeField(output, field, values[name]);
    if (values.unknown instanceof Uint8Array) output.raw(values.unknown);
  };
  return {
    wire: wires.bytes,
    readBody,
    writeBody,
    read: (reader, field, index) =>
      reader.message(field, index, (range) => {
        const made = readBody(reader, range);
        if (spec.verbatim) origins.set(made, range);
        return made;
      }),
    write(output, value) {
      const origin = output.verbatim ? origins.get(value) : undefined;
      if (origin) output.copy(origin);
      else output.message((inner) => writeBody(inner, value));
    },
  };
}

const nothing = new Uint8Array(0);

/** Shared by all records: most lists of most messages are empty. */
const noItems: readonly never[] = [];

type FieldTable = readonly (readonly [name: string, field: Field<unknown>] | undefined)[];
type RawValues = Record<string, unknown>;

/** Reads fields up to the end of the message that `reader` is in. */
function readFields(
  reader: WireReader,
  byNumber: FieldTable,
  empty: RawValues,
): { values: RawValues; unknown: Uint8Array } {
  const values = { ...empty };
  const runs: { from: number; to: number }[] = [];
  while (!reader.atEnd) {
    const from = reader.position;
    const tag = reader.tag();
    const entry = byNumber[tag >>> 3];
    if (entry && readField(reader, values, entry, tag)) continue;
    reader.skip(tag);
    const last = runs.at(-1);
    if (last?.to === from) last.to = reader.position;
    else runs.push({ from, to: reader.position });
  }
  return { values, unknown: runs.length === 0 ? nothing : reader.copy(runs) };
}

/** False where the field lies in another way than the schema says, which counts as unknown. */
function readField(
  reader: WireReader,
  values: RawValues,
  [name, field]: readonly [string, Field<unknown>],
  tag: number,
): boolean {
  const wire = tag & 7;
  const { codec } = field;
  if (field.repeated) return readItem(reader, values, name, codec, tag);
  if (wire !== codec.wire) return false;
  const before = values[name];
  if (typeof before === 'object' && !(before instanceof Uint8Array)) {
    throw reader.damage(`${name} stands here for the second time`);
  }
  values[name] = codec.read(reader, name, 0);
  return true;
}

function readItem(
  reader: WireReader,
  values: RawValues,
  name: string,
  codec: Codec<unknown>,
  tag: number,
): boolean {
  const wire = tag & 7;
  if (wire !== codec.wire && wire !== wires.bytes && wire !== codec.elementWire) return false;
  if (values[name] === noItems) values[name] = [];
  const list = values[name] as unknown[];
  if (wire === codec.wire) list.push(codec.read(reader, name, list.length));
  else if (wire === codec.elementWire) list.push(reader.skipped(tag));
  else {
    reader.message(name, 0, () => {
      while (!reader.atEnd) list.push(codec.read(reader, name, list.length));
    });
  }
  return true;
}

function writeField(output: Output, field: Field<unknown>, value: unknown): void {
  if (value === undefined) return;
  for (const item of field.repeated ? (value as readonly unknown[]) : [value]) {
    output.tag(field.number, field.codec.wire);
    field.codec.write(output, item);
  }
}
