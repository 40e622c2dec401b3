import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, parse, relative, sep } from 'node:path';
import type { ByteRange } from '../base/bytes';
import type { GraphIndex, NodeEntry } from '../onnx/graph';
import type { Attribute, Graph, Model, Node, Tensor } from '../onnx/model';
import { modelMessage } from '../onnx/modelMessage';
import { Output } from '../onnx/output';

/** A model as bytes whose nodes carry marks instead of names; its weights stay where they lie. */
export interface Traceable {
  readonly bytes: Uint8Array;
  /** Where the runtime finds the weights. */
  readonly folder: string;
}

/** A node's mark: the runtime keeps it inside the names it makes up when it copies, splits or fuses the node. */
const mark = (position: number) => `@${position}@`;

/** The nodes whose marks stand in a name of a trace or of an optimised graph. */
export function markedNodes(name: string, index: GraphIndex): NodeEntry[] {
  return [...name.matchAll(/@(\d+)@/g)].flatMap(
    ([, position]) => index.entries[Number(position)] ?? [],
  );
}

/** A name or message with the nodes' own names for their marks. */
export function unmarked(text: string, index: GraphIndex): string {
  return text.replace(
    /@(\d+)@/g,
    (found, position) => index.entries[Number(position)]?.id ?? found,
  );
}

/** Weights below this size, in bytes, are not worth a look into another file. */
const smallest = 1024;

/**
 * The model in `file` with every node named by its mark, so that traces can be told apart where names are missing or repeat. Weights that
 * the file holds become external data in the file itself: nothing is copied, whatever the size, and the folder may be read-only.
 */
export function traceable(index: GraphIndex, file: string): Traceable {
  const places = new RootedPaths(file);
  const marks = new Map(index.entries.map((entry, position) => [entry.node, mark(position)]));
  const model: Model = { ...index.model, graph: marked(index.model.graph) };
  return { bytes: encoded(model), folder: places.root };

  function marked(graph: Graph): Graph {
    const lifted = graph.nodes.flatMap((node) => largeConstant(node, index.model.irVersion) ?? []);
    const names = new Set(lifted.map((tensor) => tensor.name));
    const isLifted = (node: Node) => node.op === 'Constant' && names.has(node.outputs[0] ?? '');
    return {
      ...graph,
      nodes: graph.nodes.filter((node) => !isLifted(node)).map(markedCopy),
      initializers: [...graph.initializers, ...lifted].map((tensor) => referred(tensor, places)),
    };
  }

  function markedCopy(node: Node): Node {
    const attributes = [...node.attributes].map(
      ([name, attribute]) => [name, withMarkedBodies(attribute)] as const,
    );
    return { ...node, name: marks.get(node) ?? node.name, attributes: new Map(attributes) };
  }

  function withMarkedBodies(attribute: Attribute): Attribute {
    if (attribute.kind === 'graph') return { ...attribute, value: marked(attribute.value) };
    if (attribute.kind === 'graphs') return { ...attribute, value: attribute.value.map(marked) };
    return attribute;
  }
}

/** The runtime turns Constant nodes into initializers itself, but only initializers may lie in another file; before IR 4 they had to be inputs. */
function largeConstant(node: Node, irVersion: number): Tensor | undefined {
  const value = node.op === 'Constant' ? node.attributes.get('value') : undefined;
  const [output] = node.outputs;
  if (irVersion < 4 || value?.kind !== 'tensor' || !output) return undefined;
  return stretchOf(value.value) ? { ...value.value, name: output } : undefined;
}

function referred(tensor: Tensor, places: RootedPaths): Tensor {
  const { data } = tensor;
  if (data.kind === 'external') {
    return { ...tensor, data: { ...data, location: places.of(data.location) } };
  }
  const stretch = stretchOf(tensor);
  if (!stretch) return tensor;
  const { offset, length } = stretch;
  const location = places.ofModel;
  return { ...tensor, data: { kind: 'external', location, offset, length, entries: [] } };
}

/**
 * Paths of a model's files as the runtime takes them: from one folder down, links followed. Downloaded models are often links into another
 * folder, which the runtime does not follow out of the folder it is given; so it is given the root. That the model may have those files at all is
 * the runtime's to judge when it loads the model itself, before this.
 */
class RootedPaths {
  readonly root: string;
  readonly ofModel: string;
  private readonly known = new Map<string, string>();

  constructor(private readonly file: string) {
    const path = realpathSync(file);
    this.root = parse(path).root;
    this.ofModel = this.fromRoot(path);
  }

  /** Of a file of external data; as it stands where there is no such file, for the runtime to tell. */
  of(location: string): string {
    const known = this.known.get(location);
    if (known !== undefined) return known;
    const path = join(dirname(this.file), location);
    const found = this.fromRoot(existsSync(path) ? realpathSync(path) : path);
    this.known.set(location, found);
    return found;
  }

  private fromRoot(path: string): string {
    return relative(this.root, path).split(sep).join('/');
  }
}

/** `TensorProto.float_data` and `double_data`: packed, they are laid out like raw data. */
const plainFields = [4, 10];

/** Where a large tensor's elements lie in the model's file, if they do and lie there as they are. */
function stretchOf({ data }: Tensor): ByteRange | undefined {
  const range =
    data.kind === 'raw'
      ? data.range
      : data.kind === 'typed' && plainFields.includes(data.field) && data.ranges.length === 1
        ? data.ranges[0]
        : undefined;
  return range && range.length >= smallest ? range : undefined;
}

function encoded(model: Model): Uint8Array {
  const output = new Output(true);
  modelMessage.writeBody(output, model);
  return output.toBytes();
}
