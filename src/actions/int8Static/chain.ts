import type { GraphIndex, NodeEntry } from '../../onnx/graph';
import { afterClamp, joints, type Joint, type Written } from './joints';
import type { Site } from './products';

/** A value that is kept in 8 bits. */
export interface Point {
  readonly name: string;
  /** Value whose scale and zero point it has: itself, or what a pass-through operator made it from. */
  readonly root: string;
  /** Who writes it in 8 bits; undefined where it comes as floats, and only those that need codes read them. */
  readonly writer: NodeEntry | undefined;
  /** The most it can be, where an activation that is left to its quantization cuts it there. */
  readonly ceiling: number | undefined;
}

/** Which values are kept in 8 bits, and which operators without weights work on them. */
export interface Plan {
  readonly points: ReadonlyMap<string, Point>;
  readonly joints: readonly NodeEntry[];
}

interface Candidate {
  readonly entry: NodeEntry;
  readonly inputs: readonly string[];
  readonly written: readonly Written[];
}

/**
 * Chains of 8-bit values: convolutions write them, and sums, pools and the like pass them on to the next. What leads to no product any
 * more stays float: there it would cost accuracy and save nothing.
 */
export function planChains(index: GraphIndex, sites: readonly Site[]): Plan {
  const bySite = new Map(sites.map((site) => [site.entry, site]));
  const fed = new Set(sites.map((site) => site.input));
  const points = new Map<string, Point>();
  const candidates: Candidate[] = [];
  for (const entry of index.main.entries) {
    const [output = ''] = entry.node.outputs;
    if (bySite.get(entry)?.kind === 'convolution') {
      const written = afterClamp(entry, output);
      points.set(written.name, { ...written, root: written.name });
    }
    const joint = jointOf(entry);
    if (!joint) continue;
    const inputs = dataInputs(entry, joint);
    const ready = inputs.every((name) => points.has(name) || fed.has(name));
    if (!ready || !inputs.some((name) => points.has(name))) continue;
    const written = writtenBy(entry, joint);
    candidates.push({ entry, inputs, written });
    const [first = ''] = inputs;
    for (const each of written) {
      const root = joint.keepsRange ? (points.get(first)?.root ?? first) : each.name;
      points.set(each.name, { ...each, root });
    }
  }
  return settled(fed, points, candidates);
}

function jointOf(entry: NodeEntry): Joint | undefined {
  const { op, domain } = entry.node;
  const joint = domain === '' && Object.hasOwn(joints, op) ? joints[op] : undefined;
  return joint?.accepts?.(entry) === false ? undefined : joint;
}

const dataInputs = ({ node }: NodeEntry, { data }: Joint) =>
  data === 'all' ? node.inputs.filter(Boolean) : node.inputs.slice(0, 1);

function writtenBy(entry: NodeEntry, { keepsRange }: Joint): Written[] {
  const outputs = entry.node.outputs.filter(Boolean);
  // What only passes values on also passes on those below zero: an activation behind it has work to do.
  return keepsRange
    ? outputs.map((name) => ({ name, writer: entry, ceiling: undefined }))
    : outputs.map((name) => afterClamp(entry, name));
}

/** Keeps the joints that lead to a product, and adds the values that come as floats. */
function settled(
  fed: ReadonlySet<string>,
  points: Map<string, Point>,
  candidates: readonly Candidate[],
): Plan {
  const needed = new Set(fed);
  const kept: NodeEntry[] = [];
  for (const { entry, inputs, written } of candidates.toReversed()) {
    if (written.some(({ name }) => needed.has(name))) {
      kept.push(entry);
      for (const name of inputs) needed.add(name);
    } else {
      for (const { name } of written) points.delete(name);
    }
  }
  for (const name of needed) {
    if (!points.has(name))
      points.set(name, { name, root: name, writer: undefined, ceiling: undefined });
  }
  return { points, joints: kept.reverse() };
}
