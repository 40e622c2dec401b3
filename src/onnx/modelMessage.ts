import { bytes, int64, integer, many, message, one, text, type Codec } from './codec';
import {
  attributeMessage,
  byName,
  graphMessage,
  nodeMessage,
  standardDomain,
} from './graphMessage';
import type { FunctionDef, Model } from './model';
import { entryMessage } from './tensorMessage';
import { valueInfoMessage } from './typeMessage';

interface Opset {
  readonly domain: string;
  readonly version: number;
}

const opsetMessage = message({
  fields: { domain: one(1, text), version: one(2, integer) },
  verbatim: true,
  make: ({ domain, version }): Opset => ({
    domain: standardDomain(domain),
    version: version ?? 0,
  }),
  split: ({ domain, version }) => ({ domain: domain || undefined, version }),
});

const functionMessage: Codec<FunctionDef> = message({
  fields: {
    name: one(1, text),
    inputs: many(4, text),
    outputs: many(5, text),
    attributes: many(6, text),
    nodes: many(7, nodeMessage),
    docString: one(8, text),
    opsets: many(9, opsetMessage),
    domain: one(10, text),
    attributeDefaults: many(11, attributeMessage),
    values: many(12, valueInfoMessage),
    overload: one(13, text),
    metadata: many(14, entryMessage),
  },
  verbatim: true,
  make: (values, { unknown }): FunctionDef => ({
    ...values,
    name: values.name ?? '',
    domain: standardDomain(values.domain),
    overload: values.overload ?? '',
    attributeDefaults: byName(values.attributeDefaults),
    opsets: versions(values.opsets),
    docString: values.docString ?? '',
    unknown,
  }),
  split: (definition) => ({
    ...definition,
    overload: definition.overload || undefined,
    attributeDefaults: [...definition.attributeDefaults.values()],
    opsets: imports(definition.opsets),
    docString: definition.docString || undefined,
  }),
});

export const modelMessage = message({
  fields: {
    irVersion: one(1, integer),
    producerName: one(2, text),
    producerVersion: one(3, text),
    domain: one(4, text),
    modelVersion: one(5, int64),
    docString: one(6, text),
    graph: one(7, graphMessage),
    opsets: many(8, opsetMessage),
    metadata: many(14, entryMessage),
    training: many(20, bytes),
    functions: many(25, functionMessage),
    configurations: many(26, bytes),
  },
  make(values, { unknown, reader }): Model {
    const { graph } = values;
    if (!graph) throw reader.damage('the file ends without a graph');
    return {
      ...values,
      irVersion: values.irVersion ?? 0,
      opsets: versions(values.opsets),
      producerName: values.producerName ?? '',
      producerVersion: values.producerVersion ?? '',
      domain: values.domain ?? '',
      modelVersion: values.modelVersion ?? 0n,
      docString: values.docString ?? '',
      graph,
      unknown,
    };
  },
  split: (model) => ({
    ...model,
    producerName: model.producerName || undefined,
    producerVersion: model.producerVersion || undefined,
    domain: model.domain || undefined,
    modelVersion: model.modelVersion || undefined,
    docString: model.docString || undefined,
    opsets: imports(model.opsets),
  }),
});

/** The list that a map was read from: it may name a domain twice or under its other name, and is written back that way. */
const lists = new WeakMap<ReadonlyMap<string, number>, readonly Opset[]>();

/** Of two versions of one domain the newer counts, as it does for ONNX Runtime. */
function versions(opsets: readonly Opset[]): ReadonlyMap<string, number> {
  const map = new Map<string, number>();
  for (const { domain, version } of opsets) {
    map.set(domain, Math.max(version, map.get(domain) ?? version));
  }
  lists.set(map, opsets);
  return map;
}

function imports(opsets: ReadonlyMap<string, number>): readonly Opset[] {
  return lists.get(opsets) ?? [...opsets].map(([domain, version]) => ({ domain, version }));
}
