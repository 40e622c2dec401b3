import type { Node } from '../model';

/** `MatMul`, `com.microsoft.Attention`: the key of an operator in the tables of shapes and costs. */
export function operatorKey(node: Pick<Node, 'op' | 'domain'>): string {
  return node.domain === '' || node.domain === 'ai.onnx' ? node.op : `${node.domain}.${node.op}`;
}
