import type { Draft } from './drafts';

function groupsOf(draft: Draft): number {
  const group = draft.main.entry.node.attributes.get('group');
  return group?.kind === 'int' ? Number(group.value) : 1;
}

/** Whether every channel is convolved by itself. */
export const isDepthwise = (draft: Draft): boolean =>
  draft.kind === 'convolution' && groupsOf(draft) > 1 && groupsOf(draft) === draft.linear?.inWidth;

/** Whether each position is treated by itself: a linear layer over channels. */
export function isPointwise(draft: Draft): boolean {
  const kernel = draft.main.entry.node.attributes.get('kernel_shape');
  return (
    draft.kind === 'convolution' &&
    groupsOf(draft) === 1 &&
    kernel?.kind === 'ints' &&
    kernel.value.every((size) => size === 1n)
  );
}
