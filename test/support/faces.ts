/** A detected face: corners in [0, 1] and its score. */
export interface Face {
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
  readonly score: number;
}

/**
 * Faces of one picture from a detector's scores [anchors, 2] and boxes [anchors, 4]: those above 0.7, overlapping ones (0.3) only
 * once, the surest first.
 */
export function facesOf(scores: ArrayLike<number>, boxes: ArrayLike<number>): Face[] {
  const found: Face[] = [];
  for (let i = 0; i * 2 < scores.length; i++) {
    const score = scores[i * 2 + 1]!;
    if (score <= 0.7) continue;
    const box = [0, 1, 2, 3].map((at) => boxes[i * 4 + at]!) as unknown as Face['box'];
    found.push({ box, score });
  }
  const kept: Face[] = [];
  for (const face of found.sort((a, b) => b.score - a.score)) {
    if (kept.every((other) => overlap(face, other) <= 0.3)) kept.push(face);
  }
  return kept;
}

/** Intersection over union. */
export function overlap({ box: a }: Face, { box: b }: Face): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = ({ 0: left, 1: top, 2: right, 3: bottom }: Face['box']) =>
    (right - left) * (bottom - top);
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

/** How the faces that a candidate finds compare with the reference's: each is matched with the one that overlaps it most. */
export function matchFaces(reference: readonly Face[], candidate: readonly Face[]) {
  const overlaps = reference.map((face) =>
    Math.max(0, ...candidate.map((other) => overlap(face, other))),
  );
  const matched = overlaps.filter((value) => value > 0.5);
  return { faces: reference.length, matched, extra: candidate.length - matched.length };
}
