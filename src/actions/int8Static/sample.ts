import type { Random } from '../../base/random';
import type { InputSample } from '../../kernels/inputGrid';

/** How many floats of rows are kept of one input. */
const budget = 1 << 19;

/**
 * Rows of an input drawn evenly from all that pass by (Vitter's reservoir), and every channel's extremes. The rows that are not finite
 * are left out.
 */
export class RowSample {
  private rows = new Float32Array();
  private low = new Float32Array();
  private high = new Float32Array();
  private channels = 0;
  private seen = 0;
  private kept = 0;

  constructor(private readonly random: Random) {}

  add(values: Float32Array, channels: number): void {
    if (this.channels === 0) this.start(channels);
    if (channels !== this.channels) return;
    for (let at = 0; at + channels <= values.length; at += channels) {
      this.addRow(values.subarray(at, at + channels));
    }
  }

  result(): InputSample {
    const { channels, low, high } = this;
    return { channels, low, high, rows: this.rows.subarray(0, this.kept * channels) };
  }

  private start(channels: number): void {
    this.channels = channels;
    this.rows = new Float32Array(Math.max(1, Math.floor(budget / channels)) * channels);
    this.low = new Float32Array(channels);
    this.high = new Float32Array(channels);
  }

  private addRow(row: Float32Array): void {
    const { channels, low, high } = this;
    if (!row.every(Number.isFinite)) return;
    for (let c = 0; c < channels; c++) {
      const value = row[c] ?? 0;
      if (value < (low[c] ?? 0)) low[c] = value;
      if (value > (high[c] ?? 0)) high[c] = value;
    }
    this.seen++;
    const room = this.rows.length / channels;
    const place = this.kept < room ? this.kept++ : Math.floor(this.random() * this.seen);
    if (place < room) this.rows.set(row, place * channels);
  }
}
