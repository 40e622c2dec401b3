import type { TextView } from '../../../src/protocol/types';

/** A text view of two blocks with two layers each and two nodes beneath every layer; the first value is used all over. */
export function smallView(): TextView {
  const lines = ['inputs x f32[1, 4]'];
  const view: TextView = { text: '', sections: [], nodes: [], values: [], sources: [] };
  const x: [number, number, number][] = [[0, 7, 8]];
  for (const block of ['block.0', 'block.1']) {
    const module = { kind: 'module' as const, name: block, id: block, depth: 0 };
    const from = lines.push(block) - 1;
    const at = view.sections.push({ ...module, line: from, end: from }) - 1;
    for (const layer of ['up', 'down']) {
      const id = `${block}.${layer}`;
      const line = lines.push(`  ${layer}  MatMul`) - 1;
      view.sources.push({ line, file: 'src/model.py', sourceLine: 7 });
      for (const node of ['MatMul', 'Add']) {
        const text = `    %${id}.${node} = ${node}(x)`;
        const place = lines.push(text) - 1;
        view.nodes.push({ id: `${id}.${node}`, layer: id, line: place, shape: 'f32[1, 4]' });
        x.push([place, text.length - 2, text.length - 1]);
      }
      view.sections.push({ kind: 'layer', name: layer, id, line, end: line + 2, depth: 1 });
    }
    view.sections[at]!.end = lines.length - 1;
  }
  view.values.push({ name: 'x', weight: false, places: x });
  return { ...view, text: `${lines.join('\n')}\n` };
}
