import { printable } from '../../base/text';
import type { NodeEntry } from '../../onnx/graph';
import type { Shapes } from '../../onnx/shapes/shapes';
import { elementCount, type Tensor } from '../../onnx/model';
import { tensorValues, wrongLength } from '../../onnx/weights';
import { dtypes } from '../../tensor/dtype';
import type { Structure } from '../structure';
import { floatText, list } from './attributes';
import { typeText } from './types';

/** An integer constant of no more elements is written out where it is read: a shape, an axis. */
const mostElements = 8;

/** "pytorch 2.13.0 · opset 17 · IR 8 · 521 nodes". */
export function headline({ index: { model, entries } }: Structure): string {
  const opsets = [...model.opsets].map(([domain, version]) =>
    domain === '' ? `opset ${version}` : `${printable(domain, 60)} ${version}`,
  );
  const producer = printable(`${model.producerName} ${model.producerVersion}`.trim(), 80);
  const facts = [producer, ...opsets, `IR ${model.irVersion}`, `${entries.length} nodes`];
  return facts.filter((fact) => fact !== '').join(' · ');
}

/** Types of a node's outputs, in order; nothing where none is known. */
export function outputTypes({ node, scope }: NodeEntry, shapes: Shapes): string {
  let text = '';
  let known = false;
  for (const name of node.outputs) {
    if (name === '') continue;
    const type = shapes.typeOf(scope, name);
    known ||= type !== undefined;
    text += `${text === '' ? '' : ', '}${type ? typeText(type) : '?'}`;
  }
  return known ? text : '';
}

/**
 * A small constant as it stands in a call: `3`, `[1, 128]`, `0.125`. `integers` are its elements where they are known to be such.
 * Undefined for what is too large, is text, or lies in a file of its own.
 */
export function constantText(
  tensor: Tensor,
  integers: readonly number[] | undefined,
): string | undefined {
  const isScalar = tensor.shape.length === 0;
  if (integers && integers.length <= mostElements) {
    return isScalar ? String(integers[0]) : list(integers, String);
  }
  if (dtypes[tensor.dtype].class !== 'float' || tensor.data.kind === 'external') return undefined;
  if (elementCount(tensor.shape) !== 1 || wrongLength(tensor) !== undefined) return undefined;
  const text = floatText(Number(tensorValues(tensor)[0]));
  return isScalar ? text : `[${text}]`;
}

/** The last part of a path of either kind of system. */
export const baseName = (file: string) => file.split(/[\\/]/).pop() ?? file;
