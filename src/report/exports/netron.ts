import type { Inspection, NodeFacts, Profile } from '../../protocol/types';
import { formatMs } from '../../base/format';
import { nodeTime } from '../times';
import { inputsText } from '../words';

/** An entry of Netron's attachment file: `kind` and `target` name what it belongs to. */
interface Item {
  readonly kind: 'model' | 'node' | 'value' | 'tensor';
  readonly target: string;
  readonly name: string;
  readonly value: string | number;
}

/**
 * Netron's attachment (its own format, signature `netron:attachment`): dropped on the open model it shows the figures in the
 * properties of every node and tensor. A node without a name cannot be named there; its figures go to its first output.
 */
export function writeNetron(inspection: Inspection, profile?: Profile): string {
  const layers = new Map(inspection.layers.map((layer) => [layer.id, layer]));
  const nodes = inspection.nodes.filter((node) => targetOf(node) !== undefined);
  const metadata = nodes.flatMap((node): Item[] => {
    const layer = layers.get(node.layer);
    return layer
      ? [
          item(node, 'layer', layer.name),
          item(node, 'part', layer.part),
          item(node, 'role', layer.role),
        ]
      : [];
  });
  const total = profile ? Object.values(profile.nodes).reduce((sum, ms) => sum + ms, 0) : 0;
  const metrics = [
    ...modelItems(inspection, profile),
    ...nodes.flatMap((node) => nodeItems(node, nodeTime(profile, node.name), total)),
  ];
  return `${JSON.stringify({ signature: 'netron:attachment', metadata, metrics }, null, 1)}\n`;
}

function modelItems({ totals }: Inspection, profile: Profile | undefined): Item[] {
  const of = (name: string, value: string | number | null): Item[] =>
    value === null ? [] : [{ kind: 'model', target: '', name, value }];
  return [
    ...of('parameters', totals.parameters),
    ...of('weight bytes', totals.weightBytes),
    ...of('MACs', totals.macs),
    ...of('latency', profile ? formatMs(profile.measured.latencyMs.median) : null),
    ...of('measured on', profile ? inputsText(profile.measured) : null),
  ];
}

function nodeItems(node: NodeFacts, time: number | undefined, total: number): Item[] {
  return [
    ...(node.macs === null ? [] : [item(node, 'MACs', node.macs)]),
    ...(time === undefined ? [] : [item(node, 'time', formatMs(time))]),
    ...(time === undefined || total === 0
      ? []
      : [item(node, 'share of time', `${((100 * time) / total).toFixed(2)} %`)]),
  ];
}

function item(node: NodeFacts, name: string, value: string | number): Item {
  return { ...(targetOf(node) ?? { kind: 'node', target: node.name }), name, value };
}

/** Netron knows a node by its name up to the first line break; an id that is an output's name belongs to that value. */
function targetOf(node: NodeFacts): Pick<Item, 'kind' | 'target'> | undefined {
  if (node.name === '' || node.name.includes('\n')) return undefined;
  return { kind: node.outputs.includes(node.name) ? 'value' : 'node', target: node.name };
}
