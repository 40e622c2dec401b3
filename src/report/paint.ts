import type { Part } from '../base/terms';

type Paint = (text: string) => string;

/** How a terminal shows emphasis and the colours of the parts. */
export interface Palette {
  readonly strong: Paint;
  readonly quiet: Paint;
  readonly part: (part: Part) => Paint;
}

const plain: Paint = (text) => text;

/** For files, pipes, and whoever asked for no colour. */
export const plainPalette: Palette = { strong: plain, quiet: plain, part: () => plain };

/** Codes of the 256-colour palette near the dashboard's colours, readable on dark and on light. */
const partCodes: Readonly<Record<Part, number>> = {
  embedding: 98,
  attention: 32,
  feedForward: 172,
  norm: 66,
  convolution: 37,
  recurrent: 168,
  head: 71,
  other: 244,
};

const code = (start: string, end: string): Paint => {
  return (text) => (text === '' ? '' : `\u001b[${start}m${text}\u001b[${end}m`);
};

export const colourPalette: Palette = {
  strong: code('1', '22'),
  quiet: code('2', '22'),
  part: (part) => code(`38;5;${partCodes[part]}`, '39'),
};
