import { type Orientation, orientationIn } from './orientation';

/** What a JPEG's header says of its picture. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for colour, 4 for CMYK. */
  readonly components: number;
  /** Of a sample. */
  readonly bits: number;
  /** Pixels in a row, and in a column, that share a value of chroma. */
  readonly across: number;
  readonly down: number;
  /** Where Adobe's marker stands, and its transform: 0 says that colours are RGB as they are. */
  readonly adobe: { readonly at: number; readonly transform: number } | undefined;
  readonly orientation: Orientation;
}

/** Reads the frame header of a JPEG file (ITU T.81, B.2.2) without decoding it. Throws an `Error` with the reason where there is none. */
export function jpegFrame(bytes: Uint8Array): JpegFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let adobe: JpegFrame['adobe'];
  let orientation: Orientation | undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (view.getUint8(at) !== 0xff) throw new Error('a marker is missing');
    const marker = view.getUint8(at + 1);
    // Fill bytes may stand before a marker; a few markers have no content.
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (isFrame(marker)) {
      return { ...frameAt(view, at + 4), adobe, orientation: orientation ?? 1 };
    } else {
      if (isAdobe(bytes, at)) adobe = { at, transform: bytes[at + 15] ?? 0 };
      const next = at + 2 + view.getUint16(at + 2);
      // XMP has segments of the same marker; of several EXIF ones the first counts.
      if (marker === 0xe1) orientation ??= orientationIn(bytes, at + 4, next);
      at = next;
    }
  }
  throw new Error('it is cut off');
}

/** Start of frame; DHT, JPG and DAC lie among its numbers. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

const isAdobe = (bytes: Uint8Array, at: number) =>
  bytes[at + 1] === 0xee && String.fromCharCode(...bytes.subarray(at + 4, at + 9)) === 'Adobe';

function frameAt(view: DataView, at: number): Omit<JpegFrame, 'adobe' | 'orientation'> {
  if (at + 6 > view.byteLength) throw new Error('it is cut off');
  const components = view.getUint8(at + 5);
  if (at + 6 + 3 * components > view.byteLength) throw new Error('it is cut off');
  // Each component's factors: how many of its blocks stand where the coarsest has one.
  const factors = Array.from({ length: components }, (_, k) => view.getUint8(at + 7 + 3 * k));
  const [luma = 0x11, ...chroma] = factors;
  const isAlike = chroma.every((each) => each === chroma[0]);
  const other = isAlike ? (chroma[0] ?? luma) : luma;
  return {
    bits: view.getUint8(at),
    height: view.getUint16(at + 1),
    width: view.getUint16(at + 3),
    components,
    across: (luma >> 4) / (other >> 4),
    down: (luma & 15) / (other & 15),
  };
}
