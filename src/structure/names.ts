import type { Node } from '../onnx/model';
import type { SourceLine } from './structure';

const metadata = (node: Node, key: string): string | undefined =>
  node.metadata.find(([name]) => name === key)?.[1];

/** `"['', 'bert', 'bert.pooler', 'linear_12']"` → its items. */
function pythonList(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

/**
 * The dotted path of the module a node comes from: from the dynamo exporter's metadata, else from a node name that is a path
 * (`/bert/pooler/dense/Gemm`). '' where the file does not say.
 */
export function modulePath(node: Node): string {
  const scopes = pythonList(metadata(node, 'pkg.torch.onnx.name_scopes'));
  if (scopes.length > 0) return scopes.at(-2) ?? '';
  // tf2onnx joins the names of fused operators with semicolons and numbers its own.
  const path = (node.name.split(';')[0] ?? '').replace(/__\d+$/, '').replace(inserted, '');
  const parts = path.split('/').filter((part) => part !== '' && part !== 'StatefulPartitionedCall');
  return path.includes('/') ? joined(parts.slice(0, -1)) : '';
}

/** What ONNX Runtime's own fusions put around the name of what they replaced. */
const inserted = /^fused |\/\w+Fusion\/?$/g;

/** A sequential module repeats its own name in its children's: `layer1`, `layer1.0` is one path, not two. */
function joined(parts: readonly string[]): string {
  const kept: string[] = [];
  for (const part of parts) {
    // spox marks where it inlined a model.
    const name = part.replace(/^.*__Inline_\d+__$/, '');
    if (name.startsWith(`${kept.at(-1) ?? '/'}.`)) kept.pop();
    if (name) kept.push(name);
  }
  return kept.join('.');
}

/** What exporters and quantizers put around a weight's name. */
const prefixes = /^(?:ConvBnFusion_(?:W|BN_B)_|fused |p_)/;
const suffixes =
  /(?:_(?:quantized|Q4|Q8|scales?|zero_point|transposed|fp16|DequantizeLinear(?:_Output)?)|\.(?:weight|bias|weight_[ih]h(?:_l\d+)?(?:_reverse)?|kernel|gamma|beta|qweight|MatMul|in_proj_weight|in_proj_bias)|\/ReadVariableOp(?::\d+)?|:\d+)$/;

/** The module that a weight's name tells of: `encoder.layer.0.query.weight` → `encoder.layer.0.query`; '' for names made by an exporter. */
export function moduleOfWeight(name: string): string {
  let module = name.replace(prefixes, '');
  for (let last = ''; last !== module;) {
    last = module;
    module = module.replace(suffixes, '');
  }
  if (/^(?:onnx::|val_|_?v?\d|const|tensor|initializer|[0-9a-f]{8,}$)/i.test(module)) return '';
  const path = module.replace(/^\/+/, '').replaceAll('/', '.');
  return path.includes('.') || /^[A-Za-z][A-Za-z_]{2,}$/.test(path) ? path : '';
}

/** The class of the module, as the dynamo exporter writes it. */
export function classOf(node: Node): string | undefined {
  const classes = pythonList(metadata(node, 'pkg.torch.onnx.class_hierarchy'));
  return classes.length > 1 ? classes.at(-2) : undefined;
}

/** The innermost line of the model's own source, frames of PyTorch itself left out. */
export function sourceOf(node: Node): SourceLine | undefined {
  const trace = metadata(node, 'pkg.torch.onnx.stack_trace');
  if (!trace) return undefined;
  const frames = [...trace.matchAll(/File "([^"\n]{1,1000})", line (\d{1,9})/g)];
  const own = frames.filter((frame) => !/(?:^|[/\\])torch[/\\]/.test(frame[1] ?? ''));
  const frame = own.at(-1) ?? frames.at(-1);
  return frame?.[1] ? { file: frame[1], line: Number(frame[2]) } : undefined;
}
