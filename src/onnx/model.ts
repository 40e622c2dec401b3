import type { ByteRange } from '../base/bytes';
import type { DType } from '../tensor/dtype';

/**
 * An ONNX model in memory: the protobuf's messages as plain read-only records, weights left where they lie. Nothing here is
 * changed in place; `edit.ts` makes new models. Fields this reader does not know are kept in `unknown`, as their bytes on the wire.
 */
export interface Model {
  readonly irVersion: number;
  /** Domain → version; the standard domain is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: bigint;
  readonly docString: string;
  readonly graph: Graph;
  readonly functions: readonly FunctionDef[];
  readonly metadata: Metadata;
  /** TrainingInfoProto and DeviceConfigurationProto messages, kept as they came. */
  readonly training: readonly Uint8Array[];
  readonly configurations: readonly Uint8Array[];
  readonly unknown: Uint8Array;
}

/** `metadata_props`: keys may repeat in the wild, so pairs and not a map. */
export type Metadata = readonly (readonly [key: string, value: string])[];

export interface Graph {
  readonly name: string;
  readonly docString: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
  readonly sparseInitializers: readonly SparseTensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Types the exporter recorded for values in between. Hints: they may be missing or wrong. */
  readonly values: readonly ValueInfo[];
  /** TensorAnnotation messages, kept as they came. */
  readonly quantization: readonly Uint8Array[];
  readonly metadata: Metadata;
  readonly unknown: Uint8Array;
}

export interface Node {
  /** May be empty, and need not be unique: use `GraphIndex` for identity. */
  readonly name: string;
  readonly op: string;
  /** '' for the standard operators. */
  readonly domain: string;
  readonly overload: string;
  /** Value names; '' where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly docString: string;
  readonly metadata: Metadata;
  readonly configurations: readonly Uint8Array[];
  readonly unknown: Uint8Array;
}

export interface FunctionDef {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes without a default. */
  readonly attributes: readonly string[];
  /** Attributes with a default. */
  readonly attributeDefaults: ReadonlyMap<string, Attribute>;
  readonly nodes: readonly Node[];
  readonly opsets: ReadonlyMap<string, number>;
  readonly values: readonly ValueInfo[];
  readonly docString: string;
  readonly metadata: Metadata;
  readonly unknown: Uint8Array;
}

export type AttributeValue =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'sparseTensor'; readonly value: SparseTensor }
  | { readonly kind: 'type'; readonly value: ValueType }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | { readonly kind: 'sparseTensors'; readonly value: readonly SparseTensor[] }
  | { readonly kind: 'types'; readonly value: readonly ValueType[] }
  /** Inside a function: the value of the caller's attribute of that name. */
  | { readonly kind: 'reference'; readonly value: string; readonly type: number }
  /** An attribute of a type this reader does not know: the whole message as its bytes. */
  | { readonly kind: 'other'; readonly value: Uint8Array };

export type Attribute = AttributeValue & {
  readonly name: string;
  readonly docString: string;
  readonly unknown: Uint8Array;
};

/** A dimension: a size, a symbol of the model's own, or nothing known. */
export type Dim = number | string | null;

export interface TensorType {
  readonly dtype: DType;
  /** Undefined where not even the rank is known; [] is a scalar. */
  readonly shape: readonly Dim[] | undefined;
}

export type ValueType =
  | ({ readonly kind: 'tensor' } & TensorType & { readonly denotation: string })
  | ({ readonly kind: 'sparseTensor' } & TensorType)
  | { readonly kind: 'sequence' | 'optional'; readonly element: ValueType | undefined }
  | { readonly kind: 'map'; readonly key: DType; readonly element: ValueType | undefined }
  /** A type this reader does not know, kept as its bytes. */
  | { readonly kind: 'other'; readonly bytes: Uint8Array };

export interface ValueInfo {
  readonly name: string;
  readonly type: ValueType | undefined;
  readonly docString: string;
  readonly metadata: Metadata;
  readonly unknown: Uint8Array;
}

/** Where a tensor's elements lie. Nothing is read until `tensor/…` is asked to decode it. */
export type TensorData =
  /** `raw_data`: little-endian, 4-bit types packed two to a byte. */
  | { readonly kind: 'raw'; readonly range: ByteRange }
  /** One of the typed fields (`float_data`, `int32_data`, …), kept as it stands on the wire: `field` is its number. */
  | { readonly kind: 'typed'; readonly field: number; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'strings'; readonly values: readonly Uint8Array[] }
  /** In a file of its own, `location` relative to the model's folder. `length` undefined means to the end of the file. */
  | {
      readonly kind: 'external';
      readonly location: string;
      readonly offset: number;
      readonly length: number | undefined;
      readonly entries: Metadata;
    }
  /** Elements this process made, in the layout of `raw_data`. */
  | { readonly kind: 'memory'; readonly bytes: Uint8Array };

export interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
  readonly docString: string;
  readonly metadata: Metadata;
  readonly unknown: Uint8Array;
}

export interface SparseTensor {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly shape: readonly number[];
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
