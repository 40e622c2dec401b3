/** What a JPEG's header says of its picture. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for colour, 4 for CMYK. */
  readonly components: number;
  /** Of a sample. */
  readonly bits: number;
}

/** Reads the frame header of a JPEG file (ITU T.81, B.2.2) without decoding it. Throws an `Error` with the reason where there is none. */
export function jpegFrame(bytes: Uint8Array): JpegFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 4 <= bytes.length;) {
    if (view.getUint8(at) !== 0xff) throw new Error('a marker is missing');
    const marker = view.getUint8(at + 1);
    // Fill bytes may stand before a marker; a few markers have no content.
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (isFrame(marker)) return frameAt(view, at + 4);
    else at += 2 + view.getUint16(at + 2);
  }
  throw new Error('it is cut off');
}

/** Start of frame; DHT, JPG and DAC lie among its numbers. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

function frameAt(view: DataView, at: number): JpegFrame {
  if (at + 6 > view.byteLength) throw new Error('it is cut off');
  return {
    bits: view.getUint8(at),
    height: view.getUint16(at + 1),
    width: view.getUint16(at + 3),
    components: view.getUint8(at + 5),
  };
}
