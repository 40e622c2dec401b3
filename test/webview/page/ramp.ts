import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

type Colour = readonly [red: number, green: number, blue: number];

/** A ramp as it is drawn: colours from 0 to 255, or where the height of the cell says what the colour says, shares of it. */
export interface Ramp {
  readonly colours: readonly Colour[];
  readonly heights: readonly number[];
}

/** What cells at eight levels from the lowest to the highest look like. */
export function rampColours(page: Page): Promise<Ramp> {
  return page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    const row = document.createElement('div');
    document.body.append(row);
    const cells = Array.from({ length: 8 }, (_, step) => {
      const cell = document.createElement('button');
      cell.className = 'heat';
      cell.style.setProperty('--level', `${(step * 100) / 7}%`);
      cell.style.height = '70px';
      cell.append(document.createElement('i'));
      row.append(cell);
      canvas.fillStyle = getComputedStyle(cell).backgroundColor;
      canvas.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
      const { height } = cell.firstElementChild!.getBoundingClientRect();
      return { colour: [red, green, blue] as const, height };
    });
    row.remove();
    return {
      colours: cells.map(({ colour }) => colour),
      heights: cells.map(({ height }) => height),
    };
  });
}

/**
 * What red, green and blue light becomes to eyes that lack one kind of cone altogether (Machado, Oliveira and Fernandes 2009, severity 1); and to
 * those that lack none.
 */
const eyes: Readonly<Record<string, readonly Colour[]>> = {
  full: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Lightness that two neighbours of eight levels differ by at least, of 100. */
const leastStep = 2;

/** Asserts that a ramp grows only lighter or only darker, step by step, to every kind of eyes; or that its cells grow in height. */
export function assertTold({ colours, heights }: Ramp): void {
  if (new Set(colours.map(String)).size === 1) {
    for (let at = 1; at < heights.length; at++) {
      assert.ok(heights[at]! > heights[at - 1]! + 3, `heights ${heights.join()}`);
    }
    return;
  }
  for (const [name, matrix] of Object.entries(eyes)) {
    const lightness = colours.map((colour) => lightnessOf(colour, matrix));
    const sign = Math.sign(lightness.at(-1)! - lightness[0]!);
    for (let at = 1; at < lightness.length; at++) {
      const step = sign * (lightness[at]! - lightness[at - 1]!);
      const all = lightness.map((value) => value.toFixed(1)).join(', ');
      assert.ok(step > leastStep, `${name}: lightness ${all}`);
    }
  }
}

/** CIE L* of an sRGB colour. */
function lightnessOf(colour: Colour, matrix: readonly Colour[]): number {
  const linear = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = matrix.map((row) =>
    Math.max(0, row[0] * linear[0]! + row[1] * linear[1]! + row[2] * linear[2]!),
  );
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance;
}
