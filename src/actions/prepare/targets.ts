import type { Dim } from '../../onnx/model';

/** Sizes as a Reshape may be given them: numbers as they are, 0 for the input's own at that axis, −1 for one that is left over. */
export function constantTarget(
  source: readonly Dim[] | undefined,
  target: readonly Dim[] | undefined,
): number[] | undefined {
  if (!source || !target || target.includes(0)) return undefined;
  const sizes = target.map((dim, axis) =>
    typeof dim === 'number' ? dim : dim !== null && source[axis] === dim ? 0 : undefined,
  );
  const open = sizes.filter((size) => size === undefined || size === -1);
  return open.length <= 1 ? sizes.map((size) => size ?? -1) : undefined;
}
