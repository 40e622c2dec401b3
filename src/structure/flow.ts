import { scopeOf, type GraphIndex, type NodeEntry, type Scope } from '../onnx/graph';
import type { Graph, Tensor } from '../onnx/model';
import { dtypes } from '../tensor/dtype';
import { constantTensor } from './constants';
import { operatorOf, type Operator } from './operators';

/**
 * What a value depends on, from least to most: nothing but constants; shapes of data; integers from outside (token ids, masks,
 * positions); the data that layers transform.
 */
export const natures = ['constant', 'shape', 'control', 'data'] as const;
export type Nature = (typeof natures)[number];

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'step'; readonly step: Step; readonly output: number }
  | { readonly kind: 'tensor'; readonly tensor: Tensor; readonly holder: Step | undefined }
  | { readonly kind: 'input'; readonly name: string; readonly nature: Nature };

/** A node with the bodies of If, Loop and Scan flattened away: its sources may lie in other scopes. */
export interface Step {
  /** Position in execution order: sources have lower ones, except in a cyclic graph. */
  readonly at: number;
  readonly entry: NodeEntry;
  readonly operator: Operator;
  /** The standard operator's name, whatever the quantized or fused form is called. */
  readonly op: string;
  readonly inputs: readonly (Source | undefined)[];
  /** The inputs that carry data or weights, in the standard operator's order. */
  readonly operands: readonly (Source | undefined)[];
  /** Every step that reads one of its outputs, each once. */
  readonly readers: readonly Step[];
  readonly nature: Nature;
  /** Of a step that depends on constants and shapes alone: the largest stored tensor of floats or codes that its value is made of. */
  readonly stored: Tensor | undefined;
  /** The operands that carry data. */
  readonly data: readonly Source[];
}

export interface Flow {
  readonly index: GraphIndex;
  /** In execution order. */
  readonly steps: readonly Step[];
  readonly stepOf: ReadonlyMap<NodeEntry, Step>;
  /** What the model's outputs come from. */
  readonly outputs: readonly Source[];
}

/** A step while the flow is being built. */
export interface GrowingStep extends Step {
  at: number;
  inputs: (Source | undefined)[];
  operands: (Source | undefined)[];
  readers: Step[];
  nature: Nature;
  stored: Tensor | undefined;
  data: readonly Source[];
}

/** Flattens the model's graphs into one flow of steps. Linear in the size of the model; safe on cyclic and broken graphs. */
export function buildFlow(index: GraphIndex): { flow: Flow; steps: GrowingStep[] } {
  const bodies = bodiesByOwner(index);
  const steps = executionOrder(index, bodies).map(newStep);
  const stepOf = new Map(steps.map((step) => [step.entry, step]));
  const resolve = resolver(index, stepOf);
  for (const step of steps) connect(step, resolve, bodies.get(step.entry) ?? []);
  const sources = new Map(steps.map((step) => [step, distinctSteps(step)]));
  for (const [step, found] of sources) for (const source of found) source.readers.push(step);
  const sorted = sortBySources(sources);
  const outputs = index.main.graph.outputs.flatMap(
    (output) => resolve(index.main, output.name) ?? [],
  );
  return { flow: { index, steps: sorted, stepOf, outputs }, steps: sorted };
}

function newStep(entry: NodeEntry): GrowingStep {
  const operator = operatorOf(entry.node);
  return {
    at: 0,
    entry,
    operator,
    op: operator.as ?? entry.node.op,
    inputs: [],
    operands: [],
    readers: [],
    nature: 'data',
    stored: undefined,
    data: [],
  };
}

type Bodies = ReadonlyMap<NodeEntry, readonly Scope[]>;

function bodiesByOwner(index: GraphIndex): Bodies {
  const bodies = new Map<NodeEntry, Scope[]>();
  for (const scope of index.scopes) {
    if (scope.owner) bodies.set(scope.owner, [...(bodies.get(scope.owner) ?? []), scope]);
  }
  return bodies;
}

/** Nodes in the order in which they would run: those of a body stand before the node that owns it. */
function executionOrder(index: GraphIndex, bodies: Bodies): NodeEntry[] {
  const order: NodeEntry[] = [];
  const visit = (scope: Scope) => {
    for (const entry of scope.entries) {
      bodies.get(entry)?.forEach(visit);
      order.push(entry);
    }
  };
  visit(index.main);
  return order;
}

type Resolve = (scope: Scope, name: string) => Source | undefined;

function resolver(index: GraphIndex, stepOf: ReadonlyMap<NodeEntry, GrowingStep>): Resolve {
  const known = new Map<Scope, Map<string, Source | undefined>>();
  const resolve: Resolve = (scope, name) => {
    if (!name) return undefined;
    const home = scopeOf(scope, name) ?? index.main;
    let names = known.get(home);
    if (!names) known.set(home, (names = new Map<string, Source | undefined>()));
    if (!names.has(name)) names.set(name, find(home, name));
    return names.get(name);
  };
  const find: Resolve = (home, name) => {
    const tensor = home.initializers.get(name);
    if (tensor) return { kind: 'tensor', tensor, holder: undefined };
    const producer = home.producers.get(name);
    if (producer) return produced(stepOf.get(producer), name);
    const sparse = home.graph.sparseInitializers.find((each) => each.values.name === name);
    if (sparse) return { kind: 'tensor', tensor: sparse.values, holder: undefined };
    return passedIn(home, name, resolve) ?? fromOutside(home.graph, name);
  };
  return resolve;
}

function produced(step: GrowingStep | undefined, name: string): Source | undefined {
  if (!step) return undefined;
  const tensor = step.operator.kind === 'constant' ? constantTensor(step.entry.node) : undefined;
  return tensor
    ? { kind: 'tensor', tensor, holder: step }
    : { kind: 'step', step, output: step.entry.node.outputs.indexOf(name) };
}

/** The outer value that a body's own input stands for. */
function passedIn(body: Scope, name: string, resolve: Resolve): Source | undefined {
  const owner = body.owner;
  if (!owner || (owner.node.op !== 'Loop' && owner.node.op !== 'Scan')) return undefined;
  const names = body.graph.inputs.map((input) => input.name);
  const own = names.indexOf(name);
  // A Loop hands its counter and its condition in first; before opset 9 a Scan took its lengths first.
  if (own < 0 || (owner.node.op === 'Loop' && own < 2)) return undefined;
  const shift = owner.node.op === 'Scan' ? Math.max(0, owner.node.inputs.length - names.length) : 0;
  return resolve(owner.scope, owner.node.inputs[own + shift] ?? '');
}

function fromOutside(graph: Graph, name: string): Source {
  const type = graph.inputs.find((input) => input.name === name)?.type;
  const whole = type?.kind === 'tensor' && dtypes[type.dtype].class !== 'float';
  return { kind: 'input', name, nature: whole ? 'control' : 'data' };
}

function connect(step: GrowingStep, resolve: Resolve, bodies: readonly Scope[]): void {
  const { node, scope } = step.entry;
  const inputs = node.inputs.map((name) => resolve(scope, name));
  if (step.operator.kind !== 'body') {
    step.inputs = inputs;
    step.operands = operandPositions(step, inputs.length).map((position) => inputs[position]);
    return;
  }
  const results = bodies.flatMap((each) =>
    each.graph.outputs.map((output) => resolve(each, output.name)),
  );
  // What goes into a body is read by the nodes there; the owner itself reads its condition.
  step.inputs = [...inputs.slice(0, node.op === 'Loop' ? 2 : node.op === 'If' ? 1 : 0), ...results];
  step.operands = results;
}

function operandPositions(step: Step, inputs: number): readonly number[] {
  // QLinearConcat: scale and zero point of the output, then value, scale and zero point of each input.
  if (step.entry.node.op === 'QLinearConcat') {
    return Array.from({ length: Math.floor(inputs / 3) }, (_, i) => 2 + 3 * i);
  }
  return step.operator.operands ?? Array.from({ length: inputs }, (_, i) => i);
}

/** The steps that make a step's inputs, the ones that hold a constant included, each once. */
function distinctSteps(step: Step): GrowingStep[] {
  const found: GrowingStep[] = [];
  for (const source of step.inputs) {
    const made =
      source?.kind === 'step' ? source.step : source?.kind === 'tensor' ? source.holder : undefined;
    if (made && !found.includes(made as GrowingStep)) found.push(made as GrowingStep);
  }
  return found;
}

/** Depth first from each step in turn: a sorted file keeps its order, an unsorted one is sorted, a cycle is cut where it closes. */
function sortBySources(sources: ReadonlyMap<GrowingStep, readonly GrowingStep[]>): GrowingStep[] {
  const sorted: GrowingStep[] = [];
  const seen = new Set<GrowingStep>();
  for (const root of sources.keys()) {
    if (seen.has(root)) continue;
    seen.add(root);
    const path = [{ step: root, done: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = sources.get(top.step)?.[top.done++];
      if (!next) {
        top.step.at = sorted.length;
        sorted.push(top.step);
        path.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        path.push({ step: next, done: 0 });
      }
    }
  }
  return sorted;
}
