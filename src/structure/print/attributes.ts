import { printable } from '../../base/text';
import { safeInteger } from '../../onnx/attributes';
import type { Attribute, Node } from '../../onnx/model';
import { typeText, valueTypeText } from './types';

/** Longer lists lose their end, longer texts their middle. */
const longestList = 16;
const longestText = 60;

/** A node's attributes as they stand in its call: `perm=[0, 2, 1, 3]`. Bodies are printed beneath the node; tensors show only their type. */
export function attributeTexts(node: Node): string[] {
  const texts: string[] = [];
  for (const attribute of node.attributes.values()) {
    const value = attributeText(attribute);
    if (value !== undefined) texts.push(`${printable(attribute.name, longestText)}=${value}`);
  }
  return texts;
}

function attributeText(attribute: Attribute): string | undefined {
  switch (attribute.kind) {
    case 'int':
      return String(safeInteger(attribute.value));
    case 'float':
      return floatText(attribute.value);
    case 'string':
      return quotedText(attribute.value);
    case 'tensor':
      return typeText(attribute.value);
    case 'sparseTensor':
      return `sparse ${typeText({ dtype: attribute.value.values.dtype, shape: attribute.value.shape })}`;
    case 'type':
      return valueTypeText(attribute.value);
    case 'ints':
      return list(attribute.value, (value) => String(safeInteger(value)));
    case 'floats':
      return list(attribute.value, floatText);
    case 'strings':
      return list(attribute.value, quotedText);
    case 'tensors':
      return list(attribute.value, typeText);
    case 'sparseTensors':
      return list(attribute.value, () => 'sparse');
    case 'types':
      return list(attribute.value, valueTypeText);
    case 'reference':
      return `@${printable(attribute.value, longestText)}`;
    case 'other':
      return '?';
    case 'graph':
    case 'graphs':
      return undefined;
  }
}

/** A list in brackets, of no more than a line can hold. */
export function list<T>(items: readonly T[], text: (item: T) => string): string {
  const shown = items.slice(0, longestList).map(text);
  const rest = items.length - shown.length;
  return `[${shown.join(', ')}${rest > 0 ? `, … ${rest} more` : ''}]`;
}

/** A float32 in the digits that it holds. */
export function floatText(value: number): string {
  // Seven digits are what a float32 holds; more would print its rounding.
  return String(Number(value.toPrecision(7)));
}

function quotedText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 4 * longestText));
  const end = bytes.length > 4 * longestText ? '…' : '';
  return `"${printable(text.replace(/["\\]/g, '\\$&'), longestText)}${end}"`;
}
