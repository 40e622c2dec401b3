import { intsAttribute, stringAttribute } from '../../attributes';
import type { Attribute, Dim } from '../../model';
import { axisOf, type Shape } from '../dims';
import { dataOf, dtypeOf, fact, isGiven, shapeOf, type NodeView, type Rule } from '../fact';

/** Operators that sample an image at other places than its own. */

function floats(attribute: Attribute | undefined): readonly number[] | undefined {
  return attribute?.kind === 'floats' ? attribute.value : undefined;
}

/** As the runtime computes it: in single precision, rounded down. */
function scaled(size: Dim, factor: Dim, cropped: number | undefined): Dim {
  if (factor === 1 && cropped === 1) return size;
  if (typeof size !== 'number' || typeof factor !== 'number' || cropped === undefined) return null;
  return Math.floor(Math.fround(Math.fround(size * cropped) * Math.fround(factor)));
}

const upsample: Rule = (view) => {
  const source = shapeOf(view, 0);
  const factors =
    floats(view.node.attributes.get('scales')) ?? dataOf(view, 1) ?? heightAndWidth(view);
  return [
    fact(
      dtypeOf(view, 0),
      source?.map((size, i) => scaled(size, factors?.[i] ?? null, 1)),
    ),
  ];
};

/** The attributes of opset 1. */
function heightAndWidth(view: NodeView): Shape | undefined {
  const scale = (name: string) => {
    const attribute = view.node.attributes.get(name);
    return attribute?.kind === 'float' ? attribute.value : null;
  };
  return [1, 1, scale('height_scale'), scale('width_scale')];
}

const resize: Rule = (view) => {
  const source = shapeOf(view, 0);
  if (!source) return [fact(dtypeOf(view, 0), undefined)];
  // Opset 10 has the factors where later ones have the region.
  const old = view.node.inputs.length === 2;
  const factors = old ? dataOf(view, 1) : isGiven(view, 2) ? dataOf(view, 2) : [];
  const sizes = isGiven(view, 3) ? dataOf(view, 3) : [];
  const places = new Map(
    (intsAttribute(view.node, 'axes') ?? source.map((_, i) => i)).map((axis, i) => [
      axisOf(axis, source.length),
      i,
    ]),
  );
  const bySize = (sizes === undefined || sizes.length > 0) && !old;
  const stretch = bySize ? 1 : undefined;
  const shape = source.map((size, axis) => {
    const at = places.get(axis);
    if (at === undefined) return size;
    if (stretch) return sizes?.[at] ?? null;
    return scaled(size, factors?.[at] ?? null, regionAlong(view, at, places.size));
  });
  return [fact(dtypeOf(view, 0), bySize ? keepingAspect(view, source, shape, places) : shape)];
};

/** Share of the axis that is cropped before it is scaled: all of it in every mode but one. */
function regionAlong(view: NodeView, at: number, count: number): number | undefined {
  const mode = stringAttribute(view.node, 'coordinate_transformation_mode', 'half_pixel');
  if (mode !== 'tf_crop_and_resize') return 1;
  const region = dataOf(view, 1);
  const [start, end] = [region?.[at], region?.[at + count]];
  return typeof start === 'number' && typeof end === 'number' ? end - start : undefined;
}

/** One factor for all axes where the ratio of the sides is kept. */
function keepingAspect(
  view: NodeView,
  source: Shape,
  target: Shape,
  places: ReadonlyMap<number | undefined, number>,
): Shape {
  const policy = stringAttribute(view.node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch') return target;
  const ratios = source.flatMap((size, axis) => {
    const to = target[axis];
    if (!places.has(axis)) return [];
    return [typeof size === 'number' && typeof to === 'number' && size > 0 ? to / size : null];
  });
  const known = ratios.filter((ratio) => ratio !== null);
  if (known.length < ratios.length) return target.map((dim, i) => (places.has(i) ? null : dim));
  const ratio = policy === 'not_larger' ? Math.min(...known) : Math.max(...known);
  return source.map((size, axis) =>
    places.has(axis) && typeof size === 'number' ? Math.floor(size * ratio + 0.5) : size,
  );
}

const gridSample: Rule = (view) => {
  const source = shapeOf(view, 0);
  const grid = shapeOf(view, 1);
  const shape = grid && [grid[0] ?? null, source?.[1] ?? null, ...grid.slice(1, -1)];
  return [fact(dtypeOf(view, 0), shape)];
};

const affineGrid: Rule = (view) => {
  const size = dataOf(view, 1);
  const shape = size && [size[0] ?? null, ...size.slice(2), size.length - 2];
  return [fact(dtypeOf(view, 0), shape)];
};

/** The rules of resampling. */
export const resamplingRules = {
  Resize: resize,
  Upsample: upsample,
  GridSample: gridSample,
  AffineGrid: affineGrid,
  'com.microsoft.GridSample': gridSample,
} satisfies Record<string, Rule>;
