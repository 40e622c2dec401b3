import { messageOf, UserError, type ErrorCode } from '../base/errors';
import { quoted } from '../base/quote';

/** An operator that the runtime does not know or has no kernel for, as far as its message tells. */
export interface RefusedOperator {
  readonly op: string;
  readonly domain: string;
  /** The node that was named; undefined where the message names none. */
  readonly node: string | undefined;
}

/** The runtime refused an operator; whoever knows the graph can name its nodes. */
export class UnsupportedOperator extends UserError {
  constructor(
    message: string,
    hint: string,
    readonly refused: RefusedOperator,
  ) {
    super('unsupported', message, hint);
  }
}

interface Rule {
  readonly match: RegExp;
  readonly code: ErrorCode;
  /** The sentence after the model's name; `found` are the groups of `match`. */
  readonly say: (found: readonly string[]) => string;
  readonly hint?: string;
  readonly operator?: (found: readonly string[]) => RefusedOperator;
}

const named = (name: string | undefined) => quoted(name ?? '');

const nodeName = (name: string | undefined) =>
  name ? `node ${named(name)}` : 'a node without a name';

const domainName = (domain: string | undefined) =>
  domain ? `the domain ${named(domain)}` : 'the standard domain';

const replaceIt =
  'Replace the operator by standard ones, or export the model for an operator set that the runtime has.';

/** ONNX Runtime's messages (1.30) in the user's words. The first that matches speaks. */
const rules: readonly Rule[] = [
  {
    match:
      /In Node, \("(.*?)", (.*?), "(.*?)", -?\d+\).*No Op registered for .* with domain_version of (\d+)/s,
    code: 'unsupported',
    say: ([node, op, domain, version]) =>
      `${nodeName(node)} uses ${named(op)}, which ONNX Runtime does not know in version ${version} of ${domainName(domain)}.`,
    hint: replaceIt,
    operator: ([node, op, domain]) => ({
      op: op ?? '',
      domain: domain ?? '',
      node: node || undefined,
    }),
  },
  {
    match: /In Node, \("(.*?)", (.*?), "(.*?)", -?\d+\).*No opset import for domain/s,
    code: 'badModel',
    say: ([node, op, domain]) =>
      `${nodeName(node)} uses ${named(op)} of ${domainName(domain)}, and the model does not import that domain.`,
    hint: 'Add the domain with its version to the model’s opset_import.',
    operator: ([node, op, domain]) => ({
      op: op ?? '',
      domain: domain ?? '',
      node: node || undefined,
    }),
  },
  {
    match: /Fatal error: (.*?):([^\s:]*?)\(-?\d+\) is not a registered function\/op/,
    code: 'unsupported',
    say: ([domain, op]) =>
      `ONNX Runtime does not know the operator ${named(op)} of ${domainName(domain)}.`,
    hint: replaceIt,
    operator: ([domain, op]) => ({ op: op ?? '', domain: domain ?? '', node: undefined }),
  },
  {
    match: /Could not find an implementation for (?:(.*):)?(\w+)\((\d+)\) node with name '(.*?)'/,
    code: 'unsupported',
    say: ([, op, version, node]) =>
      `ONNX Runtime knows ${op} (version ${version}) but has no kernel for it with the types of ${nodeName(node)} on this provider.`,
    hint: 'Use another element type for this node, or another provider.',
    operator: ([domain, op, , node]) => ({
      op: op ?? '',
      domain: domain ?? '',
      node: node || undefined,
    }),
  },
  {
    match: /Opset (\d+) is under development.*domain (\S+) is till opset (\d+)/s,
    code: 'unsupported',
    say: ([opset, domain, newest]) =>
      `the model asks for version ${opset} of ${domain}; this ONNX Runtime knows versions up to ${newest}.`,
    hint: 'Export the model with an older operator set.',
  },
  {
    match: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    code: 'unsupported',
    say: ([version, newest]) =>
      `the model has IR version ${version}; this ONNX Runtime reads versions up to ${newest}.`,
    hint: 'Export the model with an older ONNX.',
  },
  {
    match: /External data path does not exist: "(.*?)"/,
    code: 'missingFile',
    say: ([path]) => `its external data is not there: ${named(path)}.`,
    hint: 'Put the file beside the model. Costs are shown without it; running the model needs it.',
  },
  {
    match: /External initializer: (.*?) offset: (\d+) size to read: (\d+) given file_length: (\d+)/,
    code: 'badModel',
    say: ([name, offset, size, length]) =>
      `the weight ${named(name)} should lie at bytes ${offset} to ${Number(offset) + Number(size)} of its external file, which has ${length} bytes.`,
    hint: 'The file is incomplete or belongs to another model.',
  },
  {
    match:
      /escapes (?:model|working) directory|Absolute path not allowed for external data|resolves outside model directory/,
    code: 'unsafePath',
    say: () =>
      'its external data lies outside the model’s folder, where ONNX Runtime does not follow.',
  },
  {
    match: /[Pp]rotobuf parsing failed/,
    code: 'badFile',
    say: () => 'ONNX Runtime cannot read this file as an ONNX model.',
  },
  { match: /File doesn't exist/, code: 'missingFile', say: () => 'the file is not there.' },
  {
    match: /graph is not acyclic/,
    code: 'badModel',
    say: () => 'the graph has a cycle: some node needs its own result.',
  },
  {
    match: /two nodes with same node name \((.*?)\)/,
    code: 'badModel',
    say: ([name]) => `two nodes are called ${named(name)}, which ONNX Runtime refuses.`,
    hint: 'Give every node a name of its own.',
  },
  {
    match: /Duplicate definition of name \((.*?)\)/,
    code: 'badModel',
    say: ([name]) => `two nodes write the value ${named(name)}.`,
  },
  {
    match: /Node input '(.*?)' is not a graph input, initializer, or output of a previous node/,
    code: 'badModel',
    say: ([name]) => `nothing produces the value ${named(name)}, which a node reads.`,
  },
  {
    match: /Graph output \((.*?)\) does not exist/,
    code: 'badModel',
    say: ([name]) => `no node writes the output ${named(name)}.`,
  },
  {
    match: /Node ?\((.*?)\) Op \((\w+)\) \[(?:Shape|Type)InferenceError\] (.*)/s,
    code: 'badModel',
    say: ([node, op, why]) =>
      `the sizes or types at ${op} in ${nodeName(node)} do not fit: ${withoutPlace(why ?? '')}`,
    hint: 'Export the model again: costs are shown all the same, but it cannot be run.',
  },
  {
    match: /Type Error: (.*)/,
    code: 'badModel',
    say: ([what]) => `element types do not fit: ${what}`,
  },
  {
    match:
      /Unexpected input data type\. Actual: \(tensor\((.*?)\)\) , expected: \(tensor\((.*?)\)\)/,
    code: 'badInput',
    say: ([actual, expected]) => `an input was given as ${actual}; the model takes ${expected}.`,
  },
  {
    match: /Invalid rank for input: (.*?)\s+Got: (\d+) Expected: (\d+)/,
    code: 'badInput',
    say: ([name, got, expected]) =>
      `the input ${named(name)} was given ${got} dimensions; the model takes ${expected}.`,
  },
  {
    match:
      /Got invalid dimensions for input: (.*?) for the following indices\s+index: (\d+) Got: (\d+) Expected: (\d+)/,
    code: 'badInput',
    say: ([name, axis, got, expected]) =>
      `the input ${named(name)} was given size ${got} along axis ${axis}; the model takes ${expected}.`,
  },
  {
    match: /input '(.*?)' is missing in 'feeds'/,
    code: 'badInput',
    say: ([name]) => `the input ${named(name)} was not given.`,
  },
  {
    match:
      /(?:running (\S+) node\. Name:'(.*?)'.*)?Failed to allocate memory for requested buffer of size (\d+)/s,
    code: 'runtime',
    say: ([op, node, size]) =>
      `not enough memory: ${op ? `${op} ${named(node)} asked` : 'it asked'} for ${size} bytes.`,
    hint: 'Choose smaller sizes, or close other programs.',
  },
  {
    match: /std::bad_alloc|bad allocation/,
    code: 'runtime',
    say: () => 'not enough memory.',
    hint: 'Choose smaller sizes, or close other programs.',
  },
  {
    match: /running (\S+) node\. Name:'(.*?)' Status Message: (.*)/s,
    code: 'runtime',
    say: ([op, node, why]) => `${op} in ${nodeName(node)} failed: ${withoutPlace(why ?? '')}`,
    hint: 'The sizes or the data may not fit the model: try other dimensions, or give data.',
  },
  {
    match: /Failed to construct locale with name:(.*?):/,
    code: 'unsupported',
    say: ([locale]) =>
      `it normalises texts by the rules of ${named(locale)}, which this system does not have.`,
    hint: 'Install that locale in the system.',
  },
  {
    match: /OrtValue indexes should have been populated/,
    code: 'badModel',
    say: () => 'it computes nothing: there is no value in its graph.',
  },
  {
    match: /'fetches' cannot be an empty array|Non tensor type is temporarily not supported/,
    code: 'unsupported',
    say: () =>
      'what it answers with are sequences or maps, which ONNX Runtime’s Node interface cannot carry.',
    hint: 'Export it with tensors for outputs, as scikit-learn’s converter does with zipmap=False.',
  },
  {
    match: /Unsupported data type: (\d+)/,
    code: 'unsupported',
    say: ([code]) =>
      `an input or output has an element type (ONNX code ${code}) that ONNX Runtime’s Node interface cannot carry.`,
  },
  {
    match: /no available backend found.*\[(.*?)\] backend not found/s,
    code: 'unsupported',
    say: ([provider]) => `this ONNX Runtime has no provider called ${provider}.`,
    hint: 'Choose the provider cpu.',
  },
  {
    match: /AppendExecutionProvider_?(\w+): Failed to load shared library/,
    code: 'unsupported',
    say: ([provider]) =>
      `the provider ${provider?.toLowerCase()} is not installed on this machine.`,
    hint: 'Choose the provider cpu.',
  },
  {
    match: /Failed to get a WebGPU adapter/,
    code: 'unsupported',
    say: () => 'no GPU that WebGPU can use was found on this machine.',
    hint: 'Choose the provider cpu.',
  },
];

/** What a failure of the runtime means for the user. `model` is what messages call the model. */
export function explainRuntimeError(error: unknown, model: string): UserError {
  if (error instanceof UserError) return error;
  const raw = messageOf(error);
  for (const { match, code, say, hint, operator } of rules) {
    const found = match.exec(raw)?.slice(1);
    if (!found) continue;
    const message = `${model}: ${say(found)}`;
    return operator && code === 'unsupported'
      ? new UnsupportedOperator(message, hint ?? '', operator(found))
      : new UserError(code, message, hint);
  }
  return new UserError('runtime', `${model}: ONNX Runtime failed: ${withoutPlace(raw)}`);
}

/** The runtime's message without the place in its own source, on one line. */
function withoutPlace(message: string): string {
  return message
    .replace(/^\S*\/onnxruntime\/\S+:\d+ .*?\) (?=\S)/, '')
    .replace(/\[(?:Shape|Type)InferenceError\] /g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
