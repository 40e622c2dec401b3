import type { Part, Role } from '../base/terms';
import type { Sizes } from './engineApi';

/** What measuring sensitivity crosses processes with, and what `featherweight sensitivity --json` prints. `null` is "not known". */

export interface SensitivityRequest extends Sizes {
  /** Absolute path. */
  file: string;
  /** Inputs to run it on; without it they are made up, and the result says so. */
  data?: string;
  /** Names of probes; the usual ones where it is empty. */
  probes: string[];
  /** Chosen by the kind of output where it is left out. */
  metric?: string;
  /** At most so many samples. */
  samples: number;
  /** Only every n-th layer, for machines that share the work. */
  shard?: { index: number; of: number };
  threads: number;
  seed: number;
  /** Folder that keeps finished rows for the next time. */
  cache?: string;
}

/** `featherweight sensitivity --json`. */
export interface Sensitivity {
  featherweight: string;
  model: { file: string; sha256: string };
  metric: { name: string; title: string; unit: string };
  /** Of the data, `synthetic` for inputs that were made up. */
  data: string;
  samples: number;
  probes: ProbeFacts[];
  layers: SensitivityRow[];
  /** Layers that were not asked about, with the reason. */
  skipped: { layer: string; why: string }[];
  /** For every probe the layers' ids, those that suffer most first. */
  ranking: { probe: string; layers: string[] }[];
  complete: boolean;
  /** Time this call took; rows that were kept from earlier cost none. */
  seconds: number;
  reused: number;
}

export interface ProbeFacts {
  name: string;
  title: string;
  /** What is left of the weight: bits an element, or the share of its elements. */
  strength: { kind: 'bits' | 'share'; value: number };
}

/** One layer under one probe. */
export interface SensitivityRow {
  id: string;
  name: string;
  part: Part;
  role: Role;
  block: number | null;
  probe: string;
  /** Mean over the samples, with its 95 % interval. */
  damage: number;
  low: number;
  high: number;
  samples: number;
}

/** What the dashboard shows of a sweep, as far as it has come. */
export interface SensitivityView {
  metric: { title: string; unit: string };
  /** `synthetic` for inputs that were made up. */
  data: string;
  samples: number;
  probes: { name: string; title: string }[];
  /** In the model's order. */
  lines: SensitivityViewLine[];
  /** Layers that are measured but not among `lines`, because others suffer more. */
  omitted: number;
  roles: { role: Role; layers: number; means: (number | null)[] }[];
  /** Layers that were not asked about. */
  skipped: number;
  complete: boolean;
}

/** A layer; its cells stand in the order of the probes, null where there is no figure yet. */
export interface SensitivityViewLine {
  id: string;
  name: string;
  part: Part;
  role: Role;
  cells: ({ damage: number; low: number; high: number } | null)[];
}
