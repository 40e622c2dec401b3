import type { Workbench } from '../../actions/action';
import { keeperWithin } from '../../actions/keeper';
import { actionChanges, isActionProbe } from '../../build/probes';
import { namesFor, rememberLast } from '../../onnx/builder';
import type { ProbeFacts, SkippedLayer } from '../../protocol/sensitivity';
import type { CallContext } from '../../protocol/rpc';
import type { Calibration } from '../../runtime/calibration';
import { changeOf, type ProbeName } from '../../sensitivity/probes';
import type { Change } from '../../sensitivity/sweep';
import type { SizedModel } from '../models';
import type { Asked, Question } from './question';

/** What is to be measured of one subject. */
export interface AskedChanges {
  readonly asked: Asked;
  readonly changes: readonly Change[];
}

/** Every change that is still to be measured, and what an action does not fit, with the reason. */
export interface ChangesToMeasure {
  readonly tasks: readonly AskedChanges[];
  readonly skipped: readonly SkippedLayer[];
  /** What actions said that the user should know. */
  readonly notes: readonly string[];
}

/** What changes are found with. */
export interface ChangesBench extends Pick<CallContext, 'signal' | 'progress'> {
  readonly sized: SizedModel;
  /** The user's data, which some actions look at; undefined where there is none. */
  readonly data: Calibration | undefined;
  /** Rows that need not be measured. */
  readonly isKept: (id: string, probe: string) => boolean;
}

/** What the probes do to everything that is asked about. Throws what actions refuse. */
export async function changesToMeasure(
  { asked, probes }: Question,
  bench: ChangesBench,
): Promise<ChangesToMeasure> {
  const changes = new Map<Asked, Change[]>(asked.map((each) => [each, []]));
  const skipped: SkippedLayer[] = [];
  const notes: string[] = [];
  const workbench = workbenchOf(bench, (note) => notes.push(note));
  for (const probe of probes) {
    const left = asked.filter(
      (each) => each.probes.includes(probe) && !bench.isKept(each.facts.id, probe.name),
    );
    const found = isActionProbe(probe.name)
      ? await changesOfAction(probe, left, workbench)
      : {
          skipped: [],
          changeOf: ({ subject }: Asked) =>
            changeOf(probe.name as ProbeName, subject, bench.sized.external.open),
        };
    skipped.push(...found.skipped);
    for (const each of left) {
      const change = found.changeOf(each);
      if (change) changes.get(each)?.push(change);
    }
  }
  const tasks = [...changes].map(([each, own]) => ({ asked: each, changes: own }));
  return { tasks, skipped, notes };
}

function workbenchOf(
  { sized, data, signal, progress }: ChangesBench,
  tell: (note: string) => void,
): Workbench {
  const { structure, index, external } = sized;
  return {
    ...{
      structure,
      original: index,
      prepared: index,
      keeper: keeperWithin(),
      open: external.open,
      calibration: data,
      signal,
      progress,
    },
    ...{ names: namesFor(index), remember: rememberLast(), tell },
  };
}

async function changesOfAction(
  probe: ProbeFacts,
  left: readonly Asked[],
  workbench: Workbench,
): Promise<{ skipped: SkippedLayer[]; changeOf: (asked: Asked) => Change | undefined }> {
  const layers = left.flatMap(({ layer }) => layer ?? []);
  const { changes, skipped } = await actionChanges(workbench, layers, probe);
  return {
    skipped: skipped.map(({ layer, why }) => ({ layer: layer.id, why: `${probe.title}: ${why}` })),
    changeOf: ({ layer }) => layer && changes.get(layer),
  };
}
