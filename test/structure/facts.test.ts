import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Layer, Structure } from '../../src/structure/structure';
import { factsOf } from '../support/facts';
import { withoutModels } from '../support/models';
import { parametersOf, structureOf } from './structures';

interface Site {
  readonly node: string;
  readonly output: string;
  readonly initializer?: string;
}

interface Linear {
  readonly param: string | readonly string[];
  readonly role: string;
  readonly block: number | null;
  readonly stack?: string | null;
  readonly tiedTo?: string;
  readonly sites: readonly Site[];
}

interface Facts {
  readonly file: string;
  readonly architecture: string;
  readonly truth: Readonly<Record<string, unknown>> & {
    readonly family: string;
    readonly parameters: number;
  };
  readonly linears: readonly Linear[];
  readonly check: { readonly onnxFloatElements: number; readonly note: string };
}

/** Elements in the file where BatchNorm was folded into the convolutions: what is left of the framework's parameters. */
const folded: Readonly<Record<string, number>> = {
  'MobileNetV2-like': 10170,
  'ResNet (basic blocks)': 21038,
  'ResNet (bottleneck)': 14438,
};

const roles: Readonly<Record<string, string>> = {
  recurrentInput: 'recurrent',
  recurrentHidden: 'recurrent',
};

type Check = readonly [what: string, got: unknown, wanted: unknown];

test('every fact of structures/facts.json', { skip: withoutModels }, () => {
  const facts = factsOf<Facts>('structures');
  const misses: string[] = [];
  let count = 0;
  for (const each of facts) {
    for (const [what, got, wanted] of checksOf(each, structureOf(`structures/${each.file}`))) {
      count++;
      if (JSON.stringify(got) !== JSON.stringify(wanted)) {
        misses.push(
          `${each.file}: ${what} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`,
        );
      }
    }
  }
  console.log(`${count - misses.length} of ${count} facts`);
  assert.deepEqual(misses, []);
});

function* checksOf(facts: Facts, structure: Structure): Generator<Check> {
  const { truth } = facts;
  const { widths } = structure;
  yield ['family', structure.family, truth.family];
  yield ['parameters', parametersOf(structure), expectedParameters(facts)];
  const pairs = [
    ['blocks', structure.blocks.length],
    ['heads', widths.heads],
    ['kvHeads', widths.kvHeads],
    ['headSize', widths.headSize],
    ['hidden', widths.hiddenSize],
    ['ffnWidth', widths.feedForwardSize],
    ['encoderBlocks', structure.blocks.filter((block) => block.stack === 'encoder').length],
    ['decoderBlocks', structure.blocks.filter((block) => block.stack === 'decoder').length],
  ] as const;
  for (const [name, got] of pairs) {
    if (typeof truth[name] === 'number') yield [name, got, truth[name]];
  }
  yield [
    'nodes in no layer',
    structure.index.entries.filter((entry) => !structure.layerOf.has(entry.id)).length,
    0,
  ];
  for (const linear of facts.linears) yield* linearChecks(linear, structure, facts);
}

const expectedParameters = ({ truth, architecture, file }: Facts) =>
  file.includes('ir3') ? truth.parameters : (folded[architecture] ?? truth.parameters);

function* linearChecks(linear: Linear, structure: Structure, facts: Facts): Generator<Check> {
  const numbered = facts.linears.some((each) => each.block !== null);
  for (const site of linear.sites) {
    const what = `${String(linear.param)} at ${site.node || site.output}`;
    const layer = layerAt(structure, site, linear);
    const weight = layer?.weights.find((each) => each.name === site.initializer);
    yield [`role of ${what}`, weight?.role ?? layer?.role, roles[linear.role] ?? linear.role];
    if (numbered) yield [`block of ${what}`, blockOf(structure, layer), linear.block];
    if (linear.stack !== undefined && linear.block !== null)
      yield [`stack of ${what}`, layer?.stack, linear.stack];
    if (linear.tiedTo && linear.role === 'head')
      yield [`tie of ${what}`, layer?.tiedTo !== undefined, true];
  }
}

const blockOf = (structure: Structure, layer: Layer | undefined) =>
  layer?.block === undefined ? null : structure.blocks[layer.block]?.index;

/** By node; of a function that was inlined by the weight. */
function layerAt(structure: Structure, site: Site, linear: Linear): Layer | undefined {
  const entry = structure.index.entries.find(
    (each) => each.node.outputs.includes(site.output) && each.node.name === site.node,
  );
  const byNode = entry && structure.layerOf.get(entry.id);
  if (byNode?.weights.some((weight) => weight.name === site.initializer) || !site.initializer)
    return byNode;
  const byWeight = structure.layers.find((layer) =>
    layer.weights.some((weight) => weight.name === linear.param),
  );
  return byWeight ?? byNode;
}
