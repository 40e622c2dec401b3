import { printable } from '../base/text';
import { subgraphs, tensorAttribute } from '../onnx/attributes';
import { type NodeEntry, type Scope, initializerOf } from '../onnx/graph';
import type { Graph, Tensor } from '../onnx/model';
import type { Shapes } from '../onnx/shapes/shapes';
import { attributeTexts } from './print/attributes';
import type { ModelText } from './print/modelText';
import { isModule, moduleTree, unfolded, type Module } from './print/modules';
import { Names, type Named } from './print/names';
import { Page, type PageLimits, type Section } from './print/page';
import { Paths, type Place } from './print/path';
import { layerSummary } from './print/summary';
import { baseName, constantText, headline, outputTypes } from './print/texts';
import { typeText, valueTypeText } from './print/types';
import type { Layer, Structure } from './structure';

export type { ModelText };

/** VS Code stops colouring a document at 20 million characters or 300,000 lines; we stay below. */
const vscodeLimits: PageLimits = { characters: 16e6, lines: 250_000 };

/** A node with more inputs, or a layer with more weights, loses the rest. */
const mostInputs = 64;
const mostWeights = 8;
/**
 * The model as readable text: modules nested by indentation, one line per layer, its nodes beneath, bodies of If, Loop and Scan beneath
 * their node. The same model gives the same text. Weights are never printed. A text that would be too long for an editor goes without
 * its nodes, and says so.
 */
export function printModel(
  structure: Structure,
  shapes: Shapes,
  limits: PageLimits = vscodeLimits,
): ModelText {
  const whole = new Printer(structure, shapes, limits, true).print();
  return whole ?? new Printer(structure, shapes, limits, false).print() ?? tooLarge(structure);
}

function tooLarge({ index, layers }: Structure): ModelText {
  const text = `# ${index.entries.length} nodes in ${layers.length} layers: too many to print.\n`;
  return { text, sections: [], nodes: [], values: [], sources: [] };
}

class Printer {
  private readonly page: Page;
  private readonly paths = new Paths();
  private readonly names: Names;
  private readonly scopes: ReadonlyMap<Graph, Scope>;
  private readonly sections: Section[] = [];
  private readonly nodes: ModelText['nodes'][number][] = [];
  private readonly sources: ModelText['sources'][number][] = [];
  /** Tensors whose elements were learnt. */
  private readonly learnt: ReadonlySet<Tensor>;
  private readonly described = new Set<Layer>();
  private readonly ids = new Set<string>();

  constructor(
    private readonly structure: Structure,
    private readonly shapes: Shapes,
    limits: PageLimits,
    private readonly withNodes: boolean,
  ) {
    this.page = new Page(limits);
    this.names = new Names(structure, this.paths);
    this.learnt = new Set(
      structure.layers.flatMap((layer) =>
        layer.weights.filter(({ parameters }) => parameters > 0).map(({ tensor }) => tensor),
      ),
    );
    this.scopes = new Map(structure.index.scopes.map((scope) => [scope.graph, scope]));
  }

  /** Undefined when the text outgrows its limits. */
  print(): ModelText | undefined {
    this.header();
    this.scope(this.structure.index.main, 0);
    if (this.page.isFull) return undefined;
    const { page, sections, nodes, sources } = this;
    const values = this.names.all
      .filter(({ places }) => places.length > 0)
      .map(({ name, tensor, places }) => ({ name, weight: tensor !== undefined, places }));
    return { text: page.text(), sections, nodes, values, sources };
  }

  private header(): void {
    const { page, structure, paths } = this;
    const { main } = structure.index;
    page
      .begin(0)
      .put(`# ${headline(structure)}`)
      .end();
    if (!this.withNodes) {
      page.begin(0).put('# Nodes are left out: with them the text is too long.').end();
    }
    page.begin(0).end();
    page.begin(0).put('inputs').end();
    for (const { name, type } of main.graph.inputs) {
      if (main.initializers.has(name)) continue;
      page.begin(1);
      this.value(this.names.find(main, name), paths.root, true);
      page.put(`  ${valueTypeText(type)}`).end();
    }
    page.begin(0).put('outputs').end();
    for (const { name, type } of main.graph.outputs) {
      page.begin(1);
      this.value(this.names.find(main, name), paths.root, false);
      page.put(`  ${valueTypeText(type)}  # ${printable(name, 80)}`).end();
    }
    page.begin(0).end();
  }

  /** All modules and layers with nodes in this scope, in the order of the nodes that do the layers' work. */
  private scope(scope: Scope, depth: number): void {
    const inside = new Map<Layer, NodeEntry[]>();
    for (const entry of scope.entries) {
      const layer = this.structure.layerOf.get(entry.id);
      if (!layer) continue;
      const entries = inside.get(layer);
      if (entries) entries.push(entry);
      else inside.set(layer, [entry]);
    }
    const order = (layer: Layer) =>
      layer.main.scope === scope ? layer.main.index : (inside.get(layer)?.[0]?.index ?? 0);
    const layers = [...inside.keys()].sort((a, b) => order(a) - order(b));
    for (const item of moduleTree(layers, this.paths).items) {
      this.item(item, [], depth, inside);
    }
  }

  private item(
    item: Module | Layer,
    outer: readonly string[],
    depth: number,
    inside: ReadonlyMap<Layer, readonly NodeEntry[]>,
  ): void {
    if (this.page.isFull) return;
    if (!isModule(item)) {
      this.layer(item, depth, inside.get(item) ?? []);
      return;
    }
    const { path, items } = unfolded(item);
    const name = path.slice(outer.length).join('.');
    this.page.begin(depth).put(name).end();
    this.section('module', name, path.join('.'), depth, () => {
      for (const one of items) this.item(one, path, depth + 1, inside);
    });
  }

  /** A section whose first line has just been written. */
  private section(
    kind: Section['kind'],
    name: string,
    id: string,
    depth: number,
    body: () => void,
  ): void {
    const line = this.page.line - 1;
    const section: Section = {
      kind,
      name,
      id: kind === 'module' ? this.unusedId(id) : id,
      line,
      end: line,
      depth,
    };
    this.sections.push(section);
    body();
    section.end = this.page.line - 1;
  }

  /** A module may have layers in the graph and in a body as well: it then stands in both, under two ids. */
  private unusedId(id: string): string {
    let unused = id;
    for (let copy = 2; this.ids.has(unused); copy++) unused = `${id}#${copy}`;
    this.ids.add(unused);
    return unused;
  }

  private layer(layer: Layer, depth: number, entries: readonly NodeEntry[]): void {
    const { page } = this;
    const { last, place } = this.paths.ofLayer(layer);
    const body = () => {
      if (this.withNodes) for (const entry of entries) this.node(layer, entry, depth + 1);
    };
    page.begin(depth).put(last);
    if (this.described.has(layer)) {
      // The rest of a layer that began in another graph.
      page.put('  …').end();
      body();
      return;
    }
    this.described.add(layer);
    page.put(`  ${layerSummary(layer, this.shapes)}`);
    this.weights(layer, place);
    const { source, tiedTo } = layer;
    if (tiedTo !== undefined) page.put(`  # tied to ${printable(tiedTo, 120)}`);
    if (source) page.put(`  # ${printable(baseName(source.file), 80)}:${source.line}`);
    const line = page.end();
    if (source) this.sources.push({ line, file: source.file, sourceLine: source.line });
    this.section('layer', last, layer.id, depth, body);
  }

  private weights(layer: Layer, at: Place): void {
    const { scope } = layer.main;
    const all = layer.weights.filter((weight) => initializerOf(scope, weight.name));
    for (const weight of all.slice(0, mostWeights)) {
      this.page.put(' · ');
      this.value(this.names.find(scope, weight.name), at, true);
      this.page.put(` ${typeText(weight.tensor)}`);
    }
    if (all.length > mostWeights) this.page.put(` · … ${all.length - mostWeights} more`);
  }

  private node(layer: Layer, entry: NodeEntry, depth: number): void {
    const { page } = this;
    if (page.isFull) return;
    const { node, scope } = entry;
    const { inner } = this.paths.ofLayer(layer);
    page.begin(depth);
    let comma = '';
    for (const name of node.outputs) {
      page.put(comma);
      comma = ', ';
      if (name === '') page.put('_');
      else this.value(this.names.find(scope, name), inner, true);
    }
    const domain = node.domain === '' || node.domain === 'ai.onnx' ? '' : `${node.domain}.`;
    page.put(`${node.outputs.length > 0 ? ' = ' : ''}${printable(domain + node.op, 120)}(`);
    this.inputs(entry, inner);
    comma = node.inputs.length > 0 ? ', ' : '';
    for (const text of this.attributes(entry)) {
      page.put(comma).put(text);
      comma = ', ';
    }
    const line = page.put(')').end();
    const shape = outputTypes(entry, this.shapes);
    this.nodes.push({ id: entry.id, layer: layer.id, line, shape });
    for (const body of subgraphs(node)) {
      const inner = this.scopes.get(body.graph);
      if (inner) this.body(body.attribute, inner, entry, depth + 1);
    }
  }

  private inputs({ node, scope }: NodeEntry, at: Place): void {
    const { inputs } = node;
    let comma = '';
    for (const name of inputs.length > mostInputs ? inputs.slice(0, mostInputs) : inputs) {
      this.page.put(comma);
      comma = ', ';
      if (name === '') {
        this.page.put('_');
        continue;
      }
      const named = this.names.find(scope, name);
      const constant = this.smallConstant(named, scope);
      if (constant === undefined) this.value(named, at, false);
      else this.page.name(constant, named, false);
    }
    if (inputs.length > mostInputs) this.page.put(`, … ${inputs.length - mostInputs} more`);
  }

  /** A shape, an axis, a factor: small constants of the file are written where they are read. Learnt ones never are. */
  private smallConstant({ tensor, name }: Named, scope: Scope): string | undefined {
    if (!tensor || this.learnt.has(tensor)) return undefined;
    return constantText(tensor, this.shapes.constantOf(scope, name));
  }

  private attributes({ node, scope }: NodeEntry): string[] {
    if (node.attributes.size === 0) return [];
    const tensor = node.op === 'Constant' ? tensorAttribute(node, 'value') : undefined;
    if (!tensor || this.learnt.has(tensor)) return attributeTexts(node);
    const text = constantText(tensor, this.shapes.constantOf(scope, node.outputs[0] ?? ''));
    return text === undefined ? attributeTexts(node) : [text];
  }

  private body(attribute: string, scope: Scope, owner: NodeEntry, depth: number): void {
    const { page, paths } = this;
    const name = printable(attribute, 60);
    page.begin(depth).put(name).end();
    this.section('module', name, `${owner.id}/${attribute}`, depth, () => {
      const { inputs, outputs } = scope.graph;
      for (const input of inputs) {
        page.begin(depth + 1).put('input  ');
        this.value(this.names.find(scope, input.name), paths.root, true);
        page.put(`  ${valueTypeText(input.type)}`).end();
      }
      this.scope(scope, depth + 1);
      for (const output of outputs) {
        page.begin(depth + 1).put('output  ');
        this.value(this.names.find(scope, output.name), paths.root, false);
        page.end();
      }
    });
  }

  private value(named: Named, at: Place, makes: boolean): void {
    const text = this.names.inside(at, named);
    this.page.name(named.tensor ? text : `%${text}`, named, makes);
  }
}
