import type { OpenModel } from '../models/openModel';
import { judgeOf } from '../sensitivity/verdict';
import type { OutlineItem } from '../text/outline';

/** The layers of an outline without their modules: those that were measured by their damage, the worst first, then the others in order. */
export function rankedItems(
  model: OpenModel,
  outline: readonly OutlineItem[],
): readonly OutlineItem[] {
  const judge = judgeOf(model);
  const damage = (item: OutlineItem) => judge?.ranked(item.section.id)?.row.damage;
  const layers = layersIn(outline).map((item) => ({ item, damage: damage(item) ?? -1 }));
  return layers.sort((a, b) => b.damage - a.damage).map(({ item }) => item);
}

function layersIn(items: readonly OutlineItem[]): OutlineItem[] {
  return items.flatMap((item) => [
    ...(item.section.kind === 'layer' ? [item] : []),
    ...layersIn(item.children),
  ]);
}
