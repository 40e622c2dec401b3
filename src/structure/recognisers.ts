import { findActivations } from './activations';
import { findAttention } from './attention';
import { findBlocks } from './blocks';
import type { Bench } from './drafts';
import { findEmbeddings, settleEmbeddings } from './embeddings';
import { findFeedForward } from './feedForward';
import { claimLeftovers } from './leftovers';
import { findLinears } from './linears';
import { findNorms } from './norms';
import { markOrder } from './order';
import { placeLayers } from './placement';
import { findDepthwiseUnits, findResidualUnits } from './residuals';
import { findRecurrent, settleLinears } from './roles';
import { findScales } from './scales';
import { findWrittenSoftmaxes } from './softmaxes';

/** What a recogniser does: it looks at the flow, claims the steps of the layers it knows, and says what they are. */
export type Recogniser = (bench: Bench) => void;

/**
 * All recognisers, in the order in which they run. Each sees what those before it have claimed: operators with weights first,
 * then what is told from how those are joined, last what is left.
 */
export const recognisers = {
  recurrent: findRecurrent,
  linears: findLinears,
  embeddings: findEmbeddings,
  norms: findNorms,
  writtenSoftmaxes: findWrittenSoftmaxes,
  attention: findAttention,
  order: markOrder,
  scales: findScales,
  activations: findActivations,
  feedForward: findFeedForward,
  storedInputs: settleEmbeddings,
  residualBranches: findResidualUnits,
  depthwise: findDepthwiseUnits,
  blocks: findBlocks,
  heads: settleLinears,
  placement: placeLayers,
  leftovers: claimLeftovers,
} satisfies Record<string, Recogniser>;
