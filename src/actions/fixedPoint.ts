import { packHighFirst } from '../kernels/codebook4';
import { quantizeFixedPoint } from '../kernels/fixedPoint';
import type { ParamsOf } from '../protocol/params';
import { defineAction, type Workbench } from './action';
import {
  type ByteTable,
  type Codes,
  codeBytes,
  foldedCodes,
  nodeBytes,
  storedFactors,
} from './foldedCodes';
import { type Restoring, type Rows, valuesByRow } from './restored';
import { rowsEdits, rowsFit, rowsSaving } from './restoredRows';

const params = {
  bits: {
    kind: 'integer',
    title: 'Width',
    help: 'Bits of a weight, the sign included.',
    min: 2,
    max: 16,
    default: 6,
  },
  scale: {
    kind: 'choice',
    title: 'Scales',
    help: 'One per output channel.',
    options: {
      powerOfTwo: 'Powers of two: fixed point proper, for hardware that shifts',
      free: 'Any: the largest weight of a channel gets the largest code',
    },
    default: 'free',
  },
} as const;
type Params = ParamsOf<typeof params>;

/** Weights as fixed-point numbers of any width, to see what a width costs. */
export const fixedPoint = defineAction({
  title: 'fixed point, any width',
  about: 'Weights rounded to 2 to 16 bits with one scale per channel, to see what a width costs.',
  group: 'study',
  speed: 'same',
  speedNote:
    'For study: the runtime expands the weights when it loads the model. The file gets as small as the next of 2, 4, 8 and 16 bits.',
  data: 'none',
  params,
  choices: [
    { title: 'fixed point, 6 bits', params: { bits: 6 } },
    { title: 'fixed point, 3 bits', params: { bits: 3 } },
  ],
  appliesTo: rowsFit,
  estimate: (layer, { bits }) =>
    rowsSaving(
      layer,
      ({ rows, width }) => codeBytes(containerOf(bits), rows * width) + 4 * rows + nodeBytes,
    ),
  edits: (bench, layers, options) =>
    rowsEdits(bench, layers, (rows, byteTable, output) =>
      restored(bench, rows, { ...options, byteTable }, output),
    ),
});

type Container = 2 | 4 | 8 | 16;

/** The narrowest of the widths that codes are stored in. */
function containerOf(bits: number): Container {
  return bits <= 2 ? 2 : bits <= 4 ? 4 : bits <= 8 ? 8 : 16;
}

function restored(
  bench: Workbench,
  rows: Rows,
  { bits, scale, byteTable }: Params & { byteTable: ByteTable },
  output: string,
): Restoring {
  const options = { bits, powersOfTwo: scale === 'powerOfTwo' };
  const quantize = bench.remember(() =>
    quantizeFixedPoint(valuesByRow(rows, bench.open), rows.rows, options),
  );
  const codes = codesOf(containerOf(bits), () => quantize().codes);
  const factors = storedFactors([rows.rows, rows.width], () => quantize().scales);
  return foldedCodes(bench, rows, { codes, factors, byteTable }, output);
}

function codesOf(bits: Container, read: () => Int16Array): Codes {
  if (bits === 16) return { kind: 'integers', dtype: 'int16', read };
  if (bits === 8) return { kind: 'integers', dtype: 'int8', read: () => Int8Array.from(read()) };
  const middle = 2 ** (bits - 1);
  const values = Float32Array.from({ length: 2 ** bits }, (_, code) => code - middle);
  const pack = () =>
    packHighFirst(
      Uint8Array.from(read(), (code) => code + middle),
      bits,
    );
  return { kind: 'packed', bits, values, pack };
}
