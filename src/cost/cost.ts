/** What one node, layer, block, part or the whole model costs, counted and not run. Undefined where it cannot be told. */
export interface Cost {
  /** Learnt elements, shared ones counted once in sums. */
  readonly parameters: number;
  /** As stored, scales and zero points included. */
  readonly weightBytes: number;
  /** Multiply-adds; FLOPs = 2 MACs. */
  readonly macs: number | undefined;
  /** Bytes of what the node or the group writes for others to read. */
  readonly activationBytes: number | undefined;
}

/** A figure that could not be counted, and why. */
export interface Unknown {
  /** Node id. */
  readonly node: string;
  readonly what: 'macs' | 'shape';
  readonly why: string;
}

/** What a model costs at one choice of sizes, per node, per layer and as a whole. */
export interface CostTable {
  readonly nodes: ReadonlyMap<string, Cost>;
  /** By layer id. */
  readonly layers: ReadonlyMap<string, Cost>;
  readonly total: Cost & {
    /** The most bytes of activations alive at once, freed as soon as their last reader has run. */
    readonly peakActivationBytes: number | undefined;
    /** Share of that peak alive, by layer id. */
    readonly peakByLayer: ReadonlyMap<string, number>;
  };
  /** Nodes in branches of If that sums leave out, since a run takes only the other branch. */
  readonly leftOut: ReadonlySet<string>;
  readonly unknown: readonly Unknown[];
}
