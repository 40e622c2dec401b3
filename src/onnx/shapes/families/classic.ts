import { tensorAttribute } from '../../attributes';
import { intAttribute, intsAttribute } from '../../attributes';
import type { DType } from '../../../tensor/dtype';
import type { Attribute, Dim } from '../../model';
import { dtypeOf, fact, shapeOf, type NodeView, type Rule } from '../fact';
import { same, sameShape } from './elementwise';

/** Classic machine learning, domain ai.onnx.ml: [rows, features] in. */

function lengthOf(attribute: Attribute | undefined): number | undefined {
  return attribute && Array.isArray(attribute.value) ? attribute.value.length : undefined;
}

function rows(view: NodeView): Dim {
  const source = shapeOf(view, 0);
  return source?.length === 1 ? 1 : (source?.[0] ?? null);
}

/** Labels, and a score for every class. */
function classifier(strings: string, integers: string): Rule {
  return (view) => {
    const named = lengthOf(view.node.attributes.get(strings)) ?? 0;
    const numbered = lengthOf(view.node.attributes.get(integers)) ?? 0;
    const classes = named || numbered || null;
    return [fact(named ? 'string' : 'int64', [rows(view)]), fact('float32', [rows(view), classes])];
  };
}

function regressor(targets: string, byDefault: number): Rule {
  return (view) => [fact('float32', [rows(view), intAttribute(view.node, targets, byDefault)])];
}

const valueTypes: readonly (readonly [attribute: string, dtype: DType])[] = [
  ['values_strings', 'string'],
  ['values_int64s', 'int64'],
  ['values_floats', 'float32'],
];

/** The first version maps integers to strings or back. */
const labelEncoder: Rule = (view) => {
  const given = valueTypes.find(([attribute]) => view.node.attributes.has(attribute));
  const tensor = tensorAttribute(view.node, 'values_tensor');
  return [fact(tensor?.dtype ?? given?.[1] ?? swappedType(dtypeOf(view, 0)), shapeOf(view, 0))];
};

function swappedType(dtype: DType | undefined): DType | undefined {
  return dtype === 'string' ? 'int64' : dtype === 'int64' ? 'string' : undefined;
}

const featureExtractor: Rule = (view) => {
  const source = shapeOf(view, 0);
  const picked = shapeOf(view, 1)?.at(-1) ?? null;
  const shape = source && (source.length === 1 ? [1, picked] : [...source.slice(0, -1), picked]);
  return [fact(dtypeOf(view, 0), shape)];
};

const featureVectorizer: Rule = (view) => {
  const widths = intsAttribute(view.node, 'inputdimensions');
  return [fact('float32', [rows(view), widths ? widths.reduce((a, b) => a + b, 0) : null])];
};

const oneHotEncoder: Rule = (view) => {
  const categories =
    lengthOf(view.node.attributes.get('cats_int64s')) ??
    lengthOf(view.node.attributes.get('cats_strings'));
  const source = shapeOf(view, 0);
  return [fact('float32', source && [...source, categories ?? null])];
};

const mapper: Rule = (view) => [fact(swappedType(dtypeOf(view, 0)), shapeOf(view, 0))];

const treeClassifier = classifier('classlabels_strings', 'classlabels_int64s');

/** The rules of classic machine learning. */
export const classicRules = {
  'ai.onnx.ml.ArrayFeatureExtractor': featureExtractor,
  'ai.onnx.ml.Binarizer': same,
  'ai.onnx.ml.CategoryMapper': mapper,
  'ai.onnx.ml.FeatureVectorizer': featureVectorizer,
  'ai.onnx.ml.Imputer': same,
  'ai.onnx.ml.LabelEncoder': labelEncoder,
  'ai.onnx.ml.LinearClassifier': classifier('classlabels_strings', 'classlabels_ints'),
  'ai.onnx.ml.LinearRegressor': regressor('targets', 1),
  'ai.onnx.ml.Normalizer': sameShape('float32'),
  'ai.onnx.ml.OneHotEncoder': oneHotEncoder,
  'ai.onnx.ml.Scaler': sameShape('float32'),
  'ai.onnx.ml.SVMClassifier': (view) => [
    classifier('classlabels_strings', 'classlabels_ints')(view)[0],
    fact('float32', [rows(view), null]),
  ],
  'ai.onnx.ml.SVMRegressor': (view) => [fact('float32', [rows(view), 1])],
  'ai.onnx.ml.TreeEnsemble': (view) => [
    fact(dtypeOf(view, 0), [rows(view), intAttribute(view.node, 'n_targets') ?? null]),
  ],
  'ai.onnx.ml.TreeEnsembleClassifier': treeClassifier,
  'ai.onnx.ml.TreeEnsembleRegressor': regressor('n_targets', 1),
} satisfies Record<string, Rule>;
