import type { ProfileRequest, Sizes } from '../../protocol/engineApi';
import type { PlanRequest } from '../../protocol/plan';
import type { CallOptions } from '../../protocol/rpc';
import type { SensitivityRequest } from '../../protocol/sensitivity';
import type { Busy } from '../../protocol/viewApi';
import type { ModelChange } from './surroundings';

/** What to run, and on what: the same for every kind of measurement. */
export type Place = Pick<ProfileRequest, 'file' | 'data' | keyof Sizes>;
/** How to profile. */
export type ProfileOptions = Omit<ProfileRequest, keyof Place>;
/** How to measure what compressing each layer does. */
export type SensitivityOptions = Omit<SensitivityRequest, keyof Place | 'cache'>;
/** How to plan; that needs data, which the user may have named for it alone. */
export type PlanOptions = Omit<PlanRequest, Exclude<keyof Place, 'data'> | 'cache'>;

/** What is said to be going on. */
export type Task = Pick<Busy, 'what' | 'task'>;

/** A measurement: how it is asked for, and what becomes of its partial results and its last one. */
export interface Measurement<Found> {
  readonly busy: Task;
  readonly ask: (place: Place, options: CallOptions) => Promise<Found>;
  readonly keep: (found: Found) => void;
  /** What a partial result is to those who show the model. */
  readonly partly: ModelChange;
}

/** What a measurement tells the model that it is of. */
export interface Measured {
  place(): Promise<Place>;
  began(busy: Task): void;
  cameTo(busy: Task, fraction: number, note: string): void;
  found(partly: ModelChange): void;
  failed(error: unknown): void;
  ended(): void;
}

/** The measurements of one model: one at a time, the newest one counts. */
export class Measuring {
  private current: AbortController | undefined;

  constructor(private readonly model: Measured) {}

  /** Whether something runs that `cancel` stops. */
  get isUnderWay(): boolean {
    return this.current !== undefined;
  }

  /** Stops the run in progress, if there is one; what it hands over at its end still counts. */
  cancel(): void {
    this.current?.abort();
  }

  /** Stops the run in progress, whose results are of no more interest. */
  drop(): void {
    this.cancel();
    this.current = undefined;
  }

  /** Measures instead of whatever runs. Throws what the engine says. */
  async run<Found>(measurement: Measurement<Found>): Promise<Found> {
    this.cancel();
    const abort = new AbortController();
    this.current = abort;
    this.model.began(measurement.busy);
    try {
      const found = await this.ask(measurement, abort);
      if (this.current === abort) measurement.keep(found);
      return found;
    } catch (error) {
      if (this.current === abort) this.model.failed(error);
      throw error;
    } finally {
      if (this.current === abort) {
        this.current = undefined;
        this.model.ended();
      }
    }
  }

  private async ask<Found>(
    { ask, busy, keep, partly }: Measurement<Found>,
    abort: AbortController,
  ): Promise<Found> {
    return ask(await this.model.place(), {
      signal: abort.signal,
      progress: (fraction, note) => {
        if (this.current === abort) this.model.cameTo(busy, fraction, note);
      },
      partial: (value) => {
        if (this.current !== abort) return;
        keep(value as Found);
        this.model.found(partly);
      },
    });
  }
}
