import { subgraphs } from '../attributes';
import { type GraphIndex, type NodeEntry, type Scope } from '../graph';
import type { Dim } from '../model';
import { bodiesOf } from './bodies';
import { constantReader } from './constants';
import { isNumeric } from './dims';
import type { Fact, NodeView } from './fact';
import { isMisfit } from './fit';
import { declaredFact, hintsOf, refine, type Hints } from './hints';
import { unnamedSymbol } from './roles';
import { ruleOf } from './rules';
import type { DimensionSizes, OpenExternal, Shapes } from './shapes';

/** The sizes to infer for, and what helps. */
export interface InferOptions {
  /** Sizes of symbolic dimensions; those without a name go by `INPUT.AXIS`. */
  readonly sizes: DimensionSizes;
  /** Whole shapes of inputs; they stand before what the model declares. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
  /** Needed where shapes are computed from constants that lie in external files. */
  readonly open?: OpenExternal | undefined;
  /**
   * For rewriting a model and not only describing it: what exporters recorded, which may be wrong, is left out, and every size that
   * is not known gets a symbol of its own, so that equal symbols are equal sizes at every run.
   */
  readonly certain?: boolean;
}

type Facts = Map<string, Fact | undefined>;

interface Run {
  readonly index: GraphIndex;
  readonly options: InferOptions;
  readonly facts: Map<Scope, Facts>;
  readonly bodies: ReadonlyMap<NodeEntry, readonly Scope[]>;
  readonly hints: Hints;
  readonly decode: NodeView['decode'];
  /** Graphs in which values do not fit each other. */
  readonly misfits: Set<Scope>;
  /** Set when a recorded type contradicts what must be. */
  stale: boolean;
}

/**
 * Types of all values, bodies included, for one choice of sizes. What cannot be inferred is taken from the types the exporter
 * recorded, unless these contradict what can; what neither tells stays unknown. Time is linear in the model.
 */
export function inferShapes(index: GraphIndex, options: InferOptions): Shapes {
  const first = inferWith(index, options, !resizesFixed(index, options));
  // One stale number casts doubt on all the others, so they are all left out of a second pass.
  const run = first.stale ? inferWith(index, options, false) : first;
  return {
    typeOf: (scope, name) => lookUp(run, scope, name),
    constantOf: (scope, name) => {
      const elements = elementsOf(run, lookUp(run, scope, name));
      return isNumeric(elements) ? elements : undefined;
    },
    elementsOf: (scope, name) => elementsOf(run, lookUp(run, scope, name)),
    fits: (scope) => !run.misfits.has(scope),
  };
}

/** True where an input is given another size than the one it was exported for. */
function resizesFixed(index: GraphIndex, options: InferOptions): boolean {
  return index.model.graph.inputs.some((input) => {
    const declared = declaredFact(input, options.sizes)?.shape;
    const given = options.inputShapes?.get(input.name);
    return given && declared?.some((dim, i) => typeof dim === 'number' && dim !== given[i]);
  });
}

function inferWith(index: GraphIndex, options: InferOptions, numbers: boolean): Run {
  const run: Run = {
    index,
    options,
    facts: new Map(),
    bodies: bodiesOf(index),
    hints: hintsOf(options.certain ? [] : index.scopes, options.sizes, numbers),
    decode: constantReader(options.open),
    misfits: new Set(),
    stale: false,
  };
  const inputs = index.main.graph.inputs.map((input) => {
    const fact = declaredFact(input, options.sizes);
    const given = options.inputShapes?.get(input.name);
    if (!fact) return undefined;
    const shape = given ?? namedAfter(input.name, fact, options.sizes);
    return distinct(run, input.name, { ...fact, shape });
  });
  inferScope(run, index.main, inputs, 0);
  return run;
}

/** Dimensions without a name get their sizes under a name made of the input's. */
function namedAfter(input: string, fact: Fact, sizes: DimensionSizes) {
  return fact.shape?.map((dim, axis) => dim ?? sizes.get(unnamedSymbol(input, axis)) ?? null);
}

/** Infers one graph with these facts for its inputs; earlier results of the same graph are replaced. */
function inferScope(
  run: Run,
  scope: Scope,
  inputs: readonly (Fact | undefined)[],
  depth: number,
): readonly (Fact | undefined)[] {
  const facts: Facts = new Map();
  run.facts.set(scope, facts);
  run.misfits.delete(scope);
  scope.graph.inputs.forEach((input, i) => {
    if (!scope.initializers.has(input.name))
      facts.set(input.name, boundInput(run, scope, i, inputs[i]));
  });
  for (const sparse of scope.graph.sparseInitializers) {
    facts.set(sparse.values.name, { dtype: sparse.values.dtype, shape: sparse.shape });
  }
  for (const entry of scope.entries) inferNode(run, entry, facts, depth);
  return scope.graph.outputs.map((output) => lookUp(run, scope, output.name));
}

/** A body's input: what is bound to it, else what the body declares. */
function boundInput(run: Run, scope: Scope, at: number, bound: Fact | undefined): Fact | undefined {
  const info = scope.graph.inputs[at];
  const declared = scope.parent && info && declaredFact(info, run.options.sizes);
  const refined = refine(bound, declared);
  return refined === 'stale' ? bound : refined;
}

function inferNode(run: Run, entry: NodeEntry, facts: Facts, depth: number): void {
  const { node, scope } = entry;
  const rule = ruleOf(node);
  const view: NodeView = {
    node,
    opset: opsetOf(run.index, node.domain),
    inputs: node.inputs.map((name) => (name ? lookUp(run, scope, name) : undefined)),
    decode: run.decode,
    body: (attribute, inputs) => inferBody(run, entry, attribute, inputs, depth),
    depth,
  };
  if (!rule) inferUnknownBodies(run, entry, depth);
  const results = rule?.(view) ?? [];
  const bodies = run.bodies.get(entry);
  const cannotRun = bodies
    ? bodies.every((body) => run.misfits.has(body))
    : isMisfit(view, results);
  if (cannotRun) run.misfits.add(scope);
  node.outputs.forEach((name, i) => {
    if (name) facts.set(name, distinct(run, name, refined(run, scope, name, sound(results[i]))));
  });
}

/** Sizes that are not known, under a symbol that only they have. */
function distinct(run: Run, name: string, fact: Fact | undefined): Fact | undefined {
  if (!run.options.certain || !fact?.shape?.includes(null)) return fact;
  return { ...fact, shape: fact.shape.map((dim, axis) => dim ?? `?${name}.${axis}`) };
}

/** What no tensor can have, such as a size of half or below zero in a broken model, counts as unknown. */
function sound(fact: Fact | undefined): Fact | undefined {
  const isSize = (dim: Dim) => typeof dim !== 'number' || (Number.isSafeInteger(dim) && dim >= 0);
  if (!fact?.shape || fact.shape.every(isSize)) return fact;
  return { dtype: fact.dtype, shape: fact.shape.map((dim) => (isSize(dim) ? dim : null)) };
}

function refined(run: Run, scope: Scope, name: string, known: Fact | undefined): Fact | undefined {
  const result = refine(known, run.hints.of(scope, name));
  if (result !== 'stale') return result;
  run.stale = true;
  return known;
}

function opsetOf(index: GraphIndex, domain: string): number {
  const { opsets } = index.model;
  return opsets.get(domain === 'ai.onnx' ? '' : domain) ?? opsets.get(domain) ?? 1;
}

function inferBody(
  run: Run,
  entry: NodeEntry,
  attribute: string,
  inputs: readonly (Fact | undefined)[],
  depth: number,
) {
  const graph = subgraphs(entry.node).find((body) => body.attribute === attribute)?.graph;
  const scope = run.bodies.get(entry)?.find((body) => body.graph === graph);
  if (!scope) return undefined;
  const outputs = inferScope(run, scope, inputs, depth + 1);
  return { outputs, fits: !run.misfits.has(scope) };
}

/** Bodies of operators without a rule still hold constants and values of their own. */
function inferUnknownBodies(run: Run, entry: NodeEntry, depth: number): void {
  for (const scope of run.bodies.get(entry) ?? []) inferScope(run, scope, [], depth + 1);
}

function lookUp(run: Run, scope: Scope, name: string): Fact | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const facts = run.facts.get(at);
    if (facts?.has(name)) return facts.get(name);
    const tensor = at.initializers.get(name);
    if (tensor) {
      const fact: Fact = { dtype: tensor.dtype, shape: tensor.shape, tensor };
      facts?.set(name, fact);
      return fact;
    }
  }
  return undefined;
}

function elementsOf(run: Run, fact: Fact | undefined): readonly Dim[] | undefined {
  return fact && /int|bool/.test(fact.dtype) ? run.decode(fact) : undefined;
}
