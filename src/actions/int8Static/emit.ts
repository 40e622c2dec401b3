import { makeNode } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { NodeEntry } from '../../onnx/graph';
import type { Workbench } from '../action';
import { leadsIntoBody } from './bodies';
import type { Plan } from './chain';
import type { Grids } from './collect';
import { CodeBook, dequantizeNode, quantizeNode, type Coded, type Scale } from './codes';
import type { Int8StaticParams } from './params';
import type { Convolution, Product, Site } from './products';
import { Rewrite } from './rewrite';
import { addedChannels } from './widen';
import { WeightStore, type StoredWeight } from './weights';

/** The edits that make a plan real. */
export function planEdits(
  bench: Workbench,
  sites: readonly Site[],
  plan: Plan,
  grids: Grids,
  params: Int8StaticParams,
): Edit[] {
  const rewrite = new Rewrite();
  const book = new CodeBook(bench, grids.ranges);
  const readers = readersOf(sites, plan);
  const readCodes = new Set(
    sites.flatMap((site) =>
      site.kind === 'product' || addedChannels(site) > 0 ? [site.entry] : [],
    ),
  );
  const coded = new Map<string, Coded>();
  for (const point of plan.points.values()) {
    const read = readers.get(point.name) ?? [];
    const ceiling = plan.points.get(point.root)?.ceiling;
    const scale = book.scaleOf(point.root, ceiling);
    const made = point.writer
      ? codeBehind(bench, point.name, point.writer, scale, rewrite)
      : codeBefore(bench, book, point.name, read, scale, rewrite, {
          readsCodes: (entry) => readCodes.has(entry),
          factors: grids.factors.get(point.name),
        });
    coded.set(point.name, made);
  }
  for (const entry of plan.joints) {
    for (const name of entry.node.inputs) {
      const floats = coded.get(name)?.floats;
      if (floats) rewrite.input(entry, name, floats);
    }
  }
  const scaled = sites.flatMap((site) => {
    const inputScale = coded.get(site.input)?.scale;
    return site.kind === 'convolution' && inputScale ? [{ site, inputScale }] : [];
  });
  const store = new WeightStore(bench, scaled, { reduceRange: params.target === 'avx2' });
  for (const site of sites) {
    const input = coded.get(site.input);
    if (!input) continue;
    if (site.kind === 'convolution') convolve(bench, site, input, book, store, rewrite);
    else multiply(bench, site, input, store.product(site, grids.factors.get(site.input)), rewrite);
  }
  const contrib: Edit = { kind: 'importOpset', domain: 'com.microsoft', version: 1 };
  const hasProducts = sites.some((site) => site.kind === 'product');
  return [...book.edits, ...store.edits, ...rewrite.edits(), ...(hasProducts ? [contrib] : [])];
}

/** Integer operators by the value that they read, in file order. */
function readersOf(sites: readonly Site[], { joints }: Plan): Map<string, NodeEntry[]> {
  const readers = new Map<string, NodeEntry[]>();
  const add = (name: string, entry: NodeEntry) =>
    readers.set(name, [...(readers.get(name) ?? []), entry]);
  for (const { input, entry } of sites) add(input, entry);
  for (const entry of joints) for (const name of new Set(entry.node.inputs)) add(name, entry);
  for (const entries of readers.values()) entries.sort((a, b) => a.index - b.index);
  return readers;
}

/** Codes of a value behind its writer; all its readers get what the codes stand for. */
function codeBehind(
  bench: Workbench,
  name: string,
  writer: NodeEntry,
  scale: Scale,
  rewrite: Rewrite,
): Coded {
  const { names } = bench;
  const isHeldBack = leadsIntoBody(writer.scope, name);
  const floats = names.fresh(`${name}_float`);
  const coded = {
    ...{ ...scale, codes: names.fresh(`${name}_codes`) },
    floats: isHeldBack ? names.fresh(`${name}_dequantized`) : name,
  };
  rewrite.output(writer, name, floats);
  rewrite.after(writer, quantizeNode(floats, coded), dequantizeNode(coded));
  // The largest of one value is itself, and stays where it stands in the graph.
  if (isHeldBack) {
    const held = { name: names.fresh(`${name}_Max`) };
    rewrite.after(writer, makeNode('Max', [coded.floats], [name], held));
  }
  return coded;
}

interface Reading {
  /** Whether a node reads the codes themselves. */
  readonly readsCodes: (entry: NodeEntry) => boolean;
  readonly factors: Float32Array | undefined;
}

/** Codes of a value before the first that reads them; its other readers keep the floats. */
function codeBefore(
  bench: Workbench,
  book: CodeBook,
  name: string,
  readers: readonly NodeEntry[],
  scale: Scale,
  rewrite: Rewrite,
  { readsCodes, factors }: Reading,
): Coded {
  const { names } = bench;
  const codes = names.fresh(`${name}_codes`);
  const coded = { ...scale, codes, floats: names.fresh(`${name}_dequantized`) };
  const [first] = readers;
  if (!first) return coded;
  const smooth = factors && book.smooth(name, factors);
  if (smooth) rewrite.before(first, ...smooth);
  rewrite.before(first, quantizeNode(smooth?.at(-1)?.outputs[0] ?? name, coded));
  if (!readers.every(readsCodes)) rewrite.before(first, dequantizeNode(coded));
  return coded;
}

/** DequantizeLinear of input, weight and bias around the convolution: the runtime makes them one QLinearConv. */
function convolve(
  bench: Workbench,
  site: Convolution,
  input: Coded,
  book: CodeBook,
  store: WeightStore,
  rewrite: Rewrite,
): void {
  const { entry, weight, bias } = site;
  const stored = store.convolution(site, input.scale);
  const dequantize = (name: string, from: StoredWeight & { zeroPoints: string }) => {
    const output = bench.names.fresh(`${name}_dequantized`);
    rewrite.input(entry, name, output);
    const inputs = [from.codes, from.scales, from.zeroPoints];
    return makeNode('DequantizeLinear', inputs, [output], {
      ...{ name: bench.names.fresh(`${name}_DequantizeLinear`), axis: 0 },
    });
  };
  const added = addedChannels(site);
  const wide = added > 0 ? book.widen(site, input, added) : undefined;
  if (wide) rewrite.before(entry, wide.node, dequantizeNode(wide.coded));
  rewrite.input(entry, site.input, wide?.coded.floats ?? input.floats);
  rewrite.before(entry, dequantize(weight.name, stored));
  if (stored.bias) rewrite.before(entry, dequantize(bias, stored.bias));
}

/**
 * The product as MatMulIntegerToFloat, its bias inside. Written as DequantizeLinear, MatMul and Add the runtime would, where shapes are
 * known, make it a Gemm whose weight is turned into floats in every run.
 */
function multiply(
  bench: Workbench,
  { entry, add, bias, otherBias }: Product,
  input: Coded,
  stored: StoredWeight,
  rewrite: Rewrite,
): void {
  const last = add ?? entry;
  const inputs = [
    ...[input.codes, stored.codes, input.scaleName, stored.scales],
    ...[input.zeroPointName, ...(bias ? ['', bias] : [])],
  ];
  const [output = ''] = last.node.outputs;
  const product = otherBias ? bench.names.fresh(`${output}_product`) : output;
  const node = makeNode('MatMulIntegerToFloat', inputs, [product], {
    ...{ name: entry.node.name || bench.names.fresh(entry.id), domain: 'com.microsoft' },
  });
  rewrite.instead(entry, []);
  const name = bench.names.fresh(`${entry.id}_bias`);
  const added = otherBias ? [makeNode('Add', [product, otherBias], [output], { name })] : [];
  rewrite.instead(last, [node, ...added]);
}
