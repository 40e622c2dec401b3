import type { Inspection, Profile } from '../../protocol/types';
import { nodeTime } from '../times';
import { inputsText } from '../words';

/** From the paper to the colour of heat; Model Explorer mixes between them. */
const gradient = [
  { stop: 0, bgColor: '#fff7ec' },
  { stop: 0.5, bgColor: '#fdbb84' },
  { stop: 1, bgColor: '#b30000', textColor: '#ffffff' },
];

/**
 * Model Explorer's node data, in its form for one graph: every node's time in milliseconds, or its MACs without a profile. Nodes go by
 * name, those without one by their first output, both of which it looks up. What is not known is left out.
 */
export function writeModelExplorer(inspection: Inspection, profile?: Profile): string {
  const results = Object.fromEntries(
    inspection.nodes.flatMap((node) => {
      const value = profile ? nodeTime(profile, node.name) : node.macs;
      return value === undefined || value === null ? [] : [[node.name, { value }]];
    }),
  );
  const name = profile ? `time (ms), ${inputsText(profile.measured)}` : 'MACs';
  return `${JSON.stringify({ name, results, gradient }, null, 1)}\n`;
}
