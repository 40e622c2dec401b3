import { isUserError, messageOf } from '../base/errors';
import { quoted } from '../base/quote';
import { indexGraph, scopeOf, type GraphIndex, type Scope } from './graph';
import { inlineFunctions } from './inline';
import type { Model, Tensor } from './model';
import { circleMessage, orderOf } from './order';
import { wrongLength } from './weights';

/** What is wrong with a model that could be read. */
export interface Problem {
  /** `error`: no runtime will run it. `warning`: it may still run. */
  readonly severity: 'error' | 'warning';
  readonly code:
    | 'noNodes'
    | 'noOpset'
    | 'newOpset'
    | 'duplicateName'
    | 'missingValue'
    | 'missingOutput'
    | 'circle'
    | 'unsorted'
    | 'noOperator'
    | 'badTensor'
    | 'badFunction';
  /** The node's id, or the name of the value or tensor; '' for the model as a whole. */
  readonly place: string;
  /** One sentence in the user's words, naming the place. */
  readonly message: string;
}

/** Of each kind no more are listed; the rest is counted. A broken model can have one at every node. */
const listLimit = 20;
/** The newest version of the standard operators that this build knows: that of ONNX 1.23. */
const newestOpset = 28;

/** What is wrong with the graph: nothing for a well-formed model. Reads no weights. */
export function checkModel(model: Model): readonly Problem[] {
  const flat = flattened(model);
  if ('problem' in flat) return [flat.problem];
  const index = indexGraph(flat.model);
  return limited([
    ...checkOpsets(index),
    ...index.scopes.flatMap((scope) => [
      ...checkNames(scope),
      ...checkOrder(scope),
      ...checkNodes(scope),
      ...checkOutputs(scope),
      ...scope.graph.initializers.flatMap(checkTensor),
    ]),
  ]);
}

/** Functions are checked where they are called, since only there it is known what their names mean. */
function flattened(model: Model): { model: Model } | { problem: Problem } {
  try {
    return { model: inlineFunctions(model) };
  } catch (error) {
    if (!isUserError(error)) throw error;
    return {
      problem: { severity: 'error', code: 'badFunction', place: '', message: messageOf(error) },
    };
  }
}

function checkOpsets({ model, entries }: GraphIndex): Problem[] {
  const problems: Problem[] = [];
  const add = (severity: Problem['severity'], code: Problem['code'], message: string) =>
    problems.push({ severity, code, place: '', message });
  if (entries.length === 0) add('warning', 'noNodes', 'The graph has no nodes.');
  for (const domain of new Set(entries.map((entry) => entry.node.domain))) {
    if (model.opsets.has(domain)) continue;
    const name = domain === '' ? 'the standard operators' : `the operators of ${quoted(domain)}`;
    add('error', 'noOpset', `The model does not say which version of ${name} it uses.`);
  }
  const version = model.opsets.get('') ?? newestOpset;
  if (version > newestOpset || version < 1) {
    add(
      'warning',
      'newOpset',
      `The model uses opset ${version}; this version knows those from 1 to ${newestOpset}.`,
    );
  }
  return problems;
}

/** A value may be made once only, in its graph or one around it. An initializer may stand for an input of its name. */
function checkNames(scope: Scope): Problem[] {
  const made = new Set<string>(scope.inputNames);
  const twice = new Set<string>();
  const make = (name: string) => {
    if (made.has(name)) twice.add(name);
    made.add(name);
  };
  const initializers = new Set<string>();
  for (const { name } of scope.graph.initializers) {
    if (initializers.has(name)) twice.add(name);
    initializers.add(name);
    made.add(name);
  }
  for (const { node } of scope.entries) for (const name of node.outputs) if (name) make(name);
  return [...twice].map((name) => ({
    severity: 'error',
    code: 'duplicateName',
    place: name,
    message: `More than one value is called ${quoted(name)}.`,
  }));
}

function checkOrder(scope: Scope): Problem[] {
  const order = orderOf(scope);
  if (order.circle) {
    const place = order.circle[0]?.id ?? '';
    return [{ severity: 'error', code: 'circle', place, message: circleMessage(order.circle) }];
  }
  const moved = order.entries.find((entry, i) => entry.index !== i);
  if (!moved) return [];
  return [
    {
      severity: 'warning',
      code: 'unsorted',
      place: moved.id,
      message: `The nodes are not in the order in which they can run: ${quoted(moved.id)} stands too late.`,
    },
  ];
}

function checkNodes(scope: Scope): Problem[] {
  const problems: Problem[] = [];
  for (const { id, node } of scope.entries) {
    if (node.op === '') {
      const message = `Node ${quoted(id)} has no operator.`;
      problems.push({ severity: 'error', code: 'noOperator', place: id, message });
    }
    for (const name of new Set(node.inputs)) {
      if (name === '' || scopeOf(scope, name)) continue;
      const message = `Node ${quoted(id)} reads ${quoted(name)}, which nothing makes.`;
      problems.push({ severity: 'error', code: 'missingValue', place: id, message });
    }
  }
  return problems;
}

function checkOutputs(scope: Scope): Problem[] {
  return scope.graph.outputs
    .filter(({ name }) => !scopeOf(scope, name))
    .map(({ name }) => ({
      severity: 'error',
      code: 'missingOutput',
      place: name,
      message: `The output ${quoted(name)} is made by nothing.`,
    }));
}

function checkTensor(tensor: Tensor): Problem[] {
  const reason = wrongLength(tensor);
  return reason
    ? [{ severity: 'error', code: 'badTensor', place: tensor.name, message: reason }]
    : [];
}

function limited(problems: readonly Problem[]): readonly Problem[] {
  const counts = new Map<Problem['code'], number>();
  const listed: Problem[] = [];
  for (const problem of problems) {
    const count = (counts.get(problem.code) ?? 0) + 1;
    counts.set(problem.code, count);
    if (count <= listLimit) listed.push(problem);
  }
  for (const [code, count] of counts) {
    const last = listed.findLast((problem) => problem.code === code);
    if (!last || count <= listLimit) continue;
    const message = `${count - listLimit} more like this: ${last.message}`;
    listed[listed.indexOf(last)] = { ...last, message };
  }
  return listed;
}
