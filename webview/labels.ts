/** Where a point's name stands beside it. */
export type Side = 'right' | 'left' | 'above' | 'below' | 'aboveLeft';

interface Point {
  /** In pixels from the area's lower left. */
  readonly x: number;
  readonly y: number;
  /** Of the name. */
  readonly width: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

const height = 14;
const gap = 8;

type Corner = readonly [x: number, y: number];

/**
 * A side for every name such that it crosses no point, no other name, no edge and no stretch of a line of level and upright stretches, where
 * there is one; else one that crosses no edge.
 */
export function labelSides(
  points: readonly Point[],
  area: { readonly width: number; readonly height: number },
  line: readonly Corner[] = [],
): readonly Side[] {
  const stretches = line.slice(1).map((corner, at) => boxBetween(line[at] ?? corner, corner));
  const taken = [...points.map(boxAround), ...stretches];
  return points.map((point) => {
    const inside = sides.filter((one) => {
      const { left, right, bottom, top } = boxAt(point, one);
      return left >= 0 && right <= area.width && bottom >= 0 && top <= area.height;
    });
    const isFree = (one: Side) => !taken.some((other) => overlap(boxAt(point, one), other));
    const side = inside.find(isFree) ?? inside[0] ?? 'right';
    taken.push(boxAt(point, side));
    return side;
  });
}

const sides: readonly Side[] = ['right', 'left', 'above', 'below', 'aboveLeft'];

const boxBetween = (a: Corner, b: Corner): Box => ({
  ...{ left: Math.min(a[0], b[0]) - 1, right: Math.max(a[0], b[0]) + 1 },
  ...{ bottom: Math.min(a[1], b[1]) - 1, top: Math.max(a[1], b[1]) + 1 },
});

const boxAround = ({ x, y }: Point): Box => ({
  ...{ left: x - 5, right: x + 5 },
  ...{ bottom: y - 5, top: y + 5 },
});

function boxAt({ x, y, width }: Point, side: Side): Box {
  const middle = { bottom: y - height / 2, top: y + height / 2 };
  const centred = { left: x - width / 2, right: x + width / 2 };
  switch (side) {
    case 'right':
      return { left: x + gap, right: x + gap + width, ...middle };
    case 'left':
      return { left: x - gap - width, right: x - gap, ...middle };
    case 'above':
      return { ...centred, bottom: y + gap, top: y + gap + height };
    case 'aboveLeft':
      return { left: x + 5 - width, right: x + 5, bottom: y + gap, top: y + gap + height };
    case 'below':
      return { ...centred, bottom: y - gap - height, top: y - gap };
  }
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.bottom < b.top && b.bottom < a.top;
