import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { GraphIndex } from '../onnx/graph';
import { profile, type ProfileResult } from '../profile/profile';
import type { ProfileRequest } from '../protocol/engineApi';
import type { CallContext } from '../protocol/rpc';
import type { Measured, Profile } from '../protocol/types';
import { UnsupportedOperator } from '../runtime/ortErrors';
import type { Feeds } from '../runtime/runner';
import { runInputs, type RunInputs } from './inputs';
import { checkMemory } from './memory';
import type { SizedModel } from './models';
import { loadRunner } from './runtime';
import { withTemporaryFolder } from './temporaryFolder';

/** Runs a model as asked and reports what is known whenever there is more. Throws what the data, the memory and the runtime refuse. */
export async function measure(
  sized: SizedModel,
  request: ProfileRequest,
  { signal, progress, partial }: CallContext,
): Promise<Profile> {
  checkRequest(request);
  checkMemory(sized);
  const { data, seed, warmup, runs } = request;
  const inputs = runInputs(sized, data, seed, { ...request, runs: Math.max(warmup, runs) });
  const first = inputs.feeds(0);
  const runner = await loadRunner();
  const asFacts = (result: ProfileResult) =>
    profileFacts(result, { request, inputs, first, runtime: runner.version });
  return withTemporaryFolder(async (folder, open) => {
    const { threads, provider } = request;
    const { file, structure } = sized;
    try {
      const result = await profile({
        ...{ file, structure, runner, threads, provider, warmup, runs, folder, open, signal },
        feeds: inputs.feeds,
        progress,
        partial: (known) => partial(asFacts(known)),
      });
      return asFacts(result);
    } catch (error) {
      throw error instanceof UnsupportedOperator ? withNodes(error, sized.index) : error;
    }
  });
}

function checkRequest({ runs, warmup, threads }: ProfileRequest): void {
  const wrong = Object.entries({ runs, warmup, threads }).find(
    ([, value]) => !Number.isSafeInteger(value) || value < 0,
  );
  if (wrong) throw new UserError('badInput', `${wrong[0]} cannot be ${wrong[1]}.`);
  if (runs < 1) throw new UserError('badInput', 'At least one run is needed.');
}

interface Circumstances {
  readonly request: ProfileRequest;
  readonly inputs: RunInputs;
  readonly first: Feeds;
  readonly runtime: string;
}

function profileFacts(result: ProfileResult, around: Circumstances): Profile {
  const { layers, nodes, complete, ...figures } = result;
  return {
    measured: measuredFacts(figures, around),
    layers: Object.fromEntries(
      [...layers].map(([id, { timeMs, p10, p90, ran }]) => [
        id,
        { timeMs, p10, p90, ran: { how: ran.how, ops: [...ran.ops] } },
      ]),
    ),
    nodes: Object.fromEntries(nodes),
    complete,
  };
}

function measuredFacts(
  figures: Omit<ProfileResult, 'layers' | 'nodes' | 'complete'>,
  { request, inputs, first, runtime }: Circumstances,
): Measured {
  const { provider, warmup, runs } = request;
  return {
    ...figures,
    ...{ provider, warmup, runs, runtime, data: inputs.data, seed: inputs.seed },
    facts: inputs.facts,
    inputs: Object.entries(first).map(([name, { dtype, shape }]) => ({
      name,
      dtype,
      shape: [...shape],
    })),
    executed: figures.executed.map((node) => ({ ...node, layers: [...node.layers] })),
  };
}

/** How many nodes of a refused operator are named. */
const mostNamed = 3;

/** The runtime stops at the first node it refuses; the user wants to know them all. */
function withNodes(error: UnsupportedOperator, index: GraphIndex): UserError {
  const { op, domain, node } = error.refused;
  const same = index.entries.filter((e) => e.node.op === op && e.node.domain === domain);
  const others = same.filter((entry) => entry.node.name !== (node ?? ''));
  if (others.length === 0) return error;
  const names = others.slice(0, mostNamed).map((entry) => quoted(entry.id));
  const more = others.length > mostNamed ? ` and ${others.length - mostNamed} more` : '';
  const also = node ? 'Also' : 'Used by';
  return new UserError(
    error.code,
    `${error.message} ${also} ${names.join(', ')}${more}.`,
    error.hint,
  );
}
