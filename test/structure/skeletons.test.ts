import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf } from '../support/facts';
import { withoutModels } from '../support/models';
import { parametersOf, structureOf } from './structures';

interface SkeletonFacts {
  readonly file: string;
  readonly parameters: number;
  readonly structure: Readonly<Record<string, number | string>>;
}

for (const facts of factsOf<SkeletonFacts>('skeletons')) {
  test(`${facts.file} without its weights`, { skip: withoutModels }, () => {
    const structure = structureOf(`skeletons/${facts.file}`);
    const all: Record<string, unknown> = {
      family: structure.family,
      blocks: structure.blocks.length,
      ...structure.widths,
    };
    const got = Object.fromEntries(Object.keys(facts.structure).map((key) => [key, all[key]]));
    assert.deepEqual(got, facts.structure);
    assert.equal(parametersOf(structure), facts.parameters);
    assert.equal(new Set(structure.layers.map((layer) => layer.id)).size, structure.layers.length);
  });
}
