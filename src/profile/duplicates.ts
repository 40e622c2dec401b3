import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import { scopeOf } from '../onnx/graph';
import type { Attribute, Tensor } from '../onnx/model';

/** Value → the first value of its scope that is sure to be equal to it. The runtime keeps one of them and drops the others. */
export type Canonical = (scope: Scope, name: string) => string;

/** Elements of constants up to this size, in bytes, are compared; larger ones are taken for different. */
const smallConstant = 64;

/**
 * Finds values that equal nodes make from equal inputs: chains of Shape and Gather that exporters repeat, constants that stand in the file
 * many times.
 */
export function canonicalValues(index: GraphIndex): Canonical {
  const firsts = new Map<Scope, Map<string, string>>(index.scopes.map((s) => [s, new Map()]));
  const canonical: Canonical = (scope, name) => {
    const home = scopeOf(scope, name);
    return (home && firsts.get(home)?.get(name)) ?? name;
  };
  for (const scope of index.scopes) {
    const known = new Map<string, readonly string[]>();
    const note = (key: string, outputs: readonly string[]) => {
      const first = known.get(key);
      if (!first) known.set(key, outputs);
      outputs.forEach((output, at) => {
        const same = first?.[at];
        if (output && same) firsts.get(scope)?.set(output, same);
      });
    };
    for (const tensor of scope.initializers.values()) {
      const key = constantKey(tensor);
      if (key) note(key, [tensor.name]);
    }
    for (const entry of scope.entries) {
      const key = nodeKey(entry, canonical);
      if (key) note(key, entry.node.outputs);
    }
  }
  return canonical;
}

function nodeKey({ node, scope }: NodeEntry, canonical: Canonical): string | undefined {
  const value = node.op === 'Constant' ? node.attributes.get('value') : undefined;
  if (value?.kind === 'tensor') return constantKey(value.value);
  // Two draws of a random operator are not equal.
  if (/^Random|^Bernoulli|^Multinomial|^Dropout/.test(node.op)) return undefined;
  const attributes = [...node.attributes.values()].map(attributeKey).sort();
  if (attributes.includes(undefined)) return undefined;
  const inputs = node.inputs.map((name) => (name ? canonical(scope, name) : ''));
  return JSON.stringify([node.domain, node.op, node.outputs.length, inputs, attributes]);
}

function attributeKey(attribute: Attribute): string | undefined {
  const value = plainValue(attribute);
  return value === undefined ? undefined : `${attribute.name}=${value}`;
}

/** Undefined for attributes that are not compared: bodies, and lists of tensors or texts. */
function plainValue({ kind, value }: Attribute): string | undefined {
  if (kind === 'int' || kind === 'float') return String(value);
  if (kind === 'ints' || kind === 'floats') return `[${value.join()}]`;
  if (kind === 'string') return Buffer.from(value).toString('base64');
  return kind === 'tensor' ? constantKey(value) : undefined;
}

function constantKey(tensor: Tensor): string | undefined {
  const bytes = smallBytes(tensor);
  return bytes && `${tensor.dtype}[${tensor.shape.join()}]${Buffer.from(bytes).toString('base64')}`;
}

function smallBytes({ data }: Tensor): Uint8Array | undefined {
  if (data.kind === 'memory' && data.bytes.length <= smallConstant) return data.bytes;
  if (data.kind === 'raw' && data.range.length <= smallConstant) {
    return data.range.source.read(data.range.offset, data.range.length);
  }
  return undefined;
}
