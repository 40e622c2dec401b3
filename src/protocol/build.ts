import type { DataFacts } from '../base/dataKinds';
import type { DataRequest, Sizes } from './engineApi';
import type { ParamSpecs } from './params';
import type { Recipe } from './recipe';
import type { Spread } from './types';

/** What building a recipe and comparing its result cross processes with, and what `--json` prints of it. `null` is "not known". */

/** What running the result will be like, said before it is chosen. */
export type Speed = 'faster' | 'same' | 'slower';

/** `needed`: it cannot be applied without data to run the model on. */
export type DataUse = 'none' | 'optional' | 'needed';

/** An entry of the menus: an action, with the parameters that the entry stands for. */
export interface Choice {
  title: string;
  params: Record<string, unknown>;
}

/** An action as menus, forms and schemas need it. */
export interface ActionFacts {
  name: string;
  title: string;
  about: string;
  group: 'quantize' | 'prepare' | 'study';
  speed: Speed;
  /** Why it is no faster, where it is not. */
  speedNote: string | null;
  data: DataUse;
  params: ParamSpecs;
  choices: Choice[];
}

/** One entry of the menus on some layers of a model. */
export interface ActionOffer {
  action: string;
  choice: Choice;
  /** Ids of the layers that it fits. */
  layers: string[];
  refused: Refusal[];
  /** Bytes of the fitting layers' weights, now and after. */
  before: number;
  after: number;
}

export interface Refusal {
  layer: string;
  why: string;
}

/** What one step of a recipe did, or would do. */
export interface StepOutcome {
  action: string;
  /** Ids of the layers it changed. */
  layers: string[];
  /** Layers it was asked to change and could not, with the reason. */
  skipped: Refusal[];
}

/** What one step did. */
export interface BuiltStep extends StepOutcome {
  /** Changes to the graph; 0 where it found nothing to do. */
  edits: number;
}

/** A recipe held against its model, without building it. */
export interface RecipeCheck {
  /** SHA-256 of the model's own file. */
  sha256: string;
  steps: CheckedStep[];
  /** Bytes of the model's file and external data, and what they would become. */
  before: number;
  after: number;
}

export interface CheckedStep extends StepOutcome {
  /** Bytes of the layers' weights. */
  before: number;
  after: number;
  /** The same of each layer, in the order of `layers`. */
  savings: { before: number; after: number }[];
  /** Why it cannot be made, in one sentence; null where it can. */
  problem: string | null;
}

export interface BuildRequest extends Sizes {
  /** The source model, absolute. */
  file: string;
  recipe: Recipe;
  /** Folder that the recipe's relative paths start from. */
  folder: string;
  /** Absolute path of the model to write. */
  output: string;
  /** Without it a file that is there stays, and `badInput` says so. */
  overwrite: boolean;
  /** Also where the file is not the one that the recipe was made for. */
  otherModel?: boolean;
  threads: number;
}

/** `featherweight build --json`. */
export interface Built {
  output: string;
  /** Of the model's file and its external data. */
  bytes: number;
  sourceBytes: number;
  files: string[];
  steps: BuiltStep[];
  /** What the data is that scales and rounding were chosen by; left out where there was none. */
  facts?: DataFacts;
  /** How far the result was tried before it got its name; it is never kept where the runtime refuses it. */
  tried: Tried;
  /** What the user should know of the result, one sentence each. */
  notes: string[];
  peakMemoryBytes: number;
  seconds: number;
}

/** `featherweight quantize --json`. */
export interface Quantized extends Built {
  scheme: string;
  /** Absolute path of the recipe that was written. */
  recipe: string;
}

/**
 * `loaded`: the runtime made a session of it, with all its optimisations. `parsed`: of the model without its weights, since they are large:
 * operators, types and shapes fit. `not`: the original does not load here either.
 */
export type Tried = 'loaded' | 'parsed' | 'not';

export interface CompareRequest extends Sizes, DataRequest {
  /** Absolute path of the original. */
  file: string;
  candidate: string;
  threads: number;
  rounds: number;
  warmup: number;
  seed: number;
}

/** A mean over independent samples with its 95 % interval. */
export interface Estimate {
  mean: number;
  low: number;
  high: number;
}

/** `featherweight compare --json`. */
export interface Comparison {
  /** Version of Featherweight, and of the ONNX Runtime that ran both. */
  featherweight: string;
  runtime: string;
  reference: string;
  candidate: string;
  bytes: { reference: number; candidate: number };
  /** `synthetic`, or the data's name. */
  data: string;
  /** What the data is; left out where the model was not run. */
  facts?: DataFacts;
  samples: number;
  /** Samples of the data that could not be used: they do not fill a batch of the size that the model insists on. */
  leftOut: number;
  /** The output that the figures from `metric` to `meanError` are of, as the original calls it. */
  output: string;
  metric: 'classes' | 'values';
  accuracy: { reference: number; candidate: number; difference: Estimate } | null;
  /** Of class 1 where there are two classes, else the mean over classes; null for data without labels. */
  f1: {
    average: 'binary' | 'macro';
    reference: number;
    candidate: number;
    difference: Estimate;
  } | null;
  agreement: Estimate | null;
  kl: Estimate | null;
  /** Of language models, over the tokens of the data. */
  perplexity: PerplexityFigures | null;
  /** Null for equal outputs, too: then `maxError` is 0. */
  sqnrDb: number | null;
  cosine: number | null;
  /** Of the elements that are numbers in both. */
  maxError: number;
  meanError: number;
  /** Elements that are NaN or infinite in one of the two only. */
  broken: number;
  /** Every output that both have. */
  outputs: OutputFigures[];
  latency: {
    referenceMs: Spread;
    candidateMs: Spread;
    /** How many times faster the candidate is. */
    ratio: number;
    low: number;
    high: number;
    rounds: number;
    threads: number;
    inputs: { name: string; shape: number[] }[];
  };
  loadMs: { reference: number; candidate: number };
  peakMemoryBytes: { reference: number | null; candidate: number | null };
  kernels: KernelProof[];
  layers: LayerChange[];
  complete: boolean;
}

/** exp of the mean negative log likelihood of the next token. */
export interface PerplexityFigures {
  reference: number;
  candidate: number;
  /** Candidate's by original's. */
  ratio: Estimate;
  tokens: number;
}

/** How far one output is from the original's. */
export interface OutputFigures {
  name: string;
  sqnrDb: number | null;
  cosine: number | null;
  maxError: number;
  meanError: number;
  broken: number;
}

/** Whether a compressed layer runs the kernel that makes it fast, read off the graph that the runtime made. */
export interface KernelProof {
  layer: string;
  /** `int8 dynamic`, `4-bit weights` …, as the stored layer shows it. */
  scheme: string;
  wanted: string;
  ran: string[];
  ok: boolean;
  why: string | null;
}

/** A layer of the original and what became of it. */
export interface LayerChange {
  layer: string;
  change: 'same' | 'changed' | 'added' | 'removed';
  /** `MatMul float32`, `MatMulNBits 4-bit` … */
  from: string | null;
  to: string | null;
  bytes: { reference: number; candidate: number };
  /** Signal to noise of what the layer hands on, errors of the layers before it included; absent where it was not measured or is exact. */
  sqnrDb?: number;
}
