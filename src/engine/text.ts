import type { TextView } from '../protocol/types';
import { printModel } from '../structure/print';
import type { SizedModel } from './models';

/** The model as readable text with the place of everything in it. */
export function textView({ structure, shapes }: SizedModel): TextView {
  const { text, sections, nodes, values, sources } = printModel(structure, shapes);
  return {
    text,
    sections: sections.map((section) => ({ ...section })),
    nodes: [...nodes],
    values: values.map(({ name, weight, places }) => ({
      name,
      weight,
      places: places.map(([line, from, to]) => [line, from, to]),
    })),
    sources: [...sources],
  };
}
