import type { MetricName } from '../../../src/sensitivity/metrics/index';
import { weightErrorSteps } from '../weightError';
import { mixed, small, type Uniform, uniformFour, uniformOther } from './schemes';
import type { Made, Stand } from './stand';

/**
 * Half the damage of this one is not to be had at its size by choosing among widths: it is what a plan would choose for most layers anyway,
 * half of MiniLM's bytes are one table that two bits spoil and smaller blocks do not mend, and there is no width between 4 and 8 bits.
 */
const nearest = '4 bits, GPTQ, blocks of 32';

/** At the size of uniform 4-bit at most half its damage, and less than by the same optimum over weight errors. */
export async function fourBits(stand: Stand, metric?: MetricName): Promise<void> {
  const whole = stand.sized.bytes;
  const found = (await all(stand, uniformFour, metric)).filter(({ bytes }) => bytes < whole / 2);
  if (found.length === 0) return fourBitCodes(stand, metric);
  const sizes = new Set(found.map(({ bytes }) => bytes));
  for (const bytes of sizes) {
    const made = await stand.planned({ kind: 'size', value: bytes }, metric ? { metric } : {});
    for (const each of found.filter((other) => other.bytes === bytes)) {
      const least = each.name === nearest ? 1 : 2;
      check(
        `damage of ${each.name} by the plan’s of that size`,
        timesOf(each.damage, made.damage),
        least,
      );
      const [held, unseen] = [each.held / made.held, each.unseen / made.unseen];
      console.log(`    held ${held.toFixed(2)}, unseen ${unseen.toFixed(2)}`);
    }
    await besideWeightError(stand, made, bytes, metric);
  }
  for (const each of await all(stand, mixed, metric)) {
    const made = await stand.planned({ kind: 'size', value: each.bytes }, metric ? { metric } : {});
    check(
      `damage of ${each.name} by the plan’s of that size`,
      timesOf(each.damage, made.damage),
      1,
    );
  }
  if (stand.each.folder === 'minilm-sst2') await otherTools(stand);
}

/**
 * Of convolutions, which 4-bit weights do not fit, codes of 4 bits are the smallest form there is: at their size nothing can be better, and
 * the plan must be as good.
 */
async function fourBitCodes(stand: Stand, metric?: MetricName): Promise<void> {
  for (const each of await all(stand, { nf4: small.nf4 }, metric)) {
    const made = await stand.planned({ kind: 'size', value: each.bytes }, metric ? { metric } : {});
    check('damage of nf4 by the plan’s of that size', timesOf(each.damage, made.damage), 1);
    const larger = 1.25 * each.bytes;
    const more = await stand.planned({ kind: 'size', value: larger }, metric ? { metric } : {});
    check('damage of nf4 by the plan’s of a quarter more', timesOf(each.damage, more.damage), 2);
  }
}

/** What other tools' 4-bit file of this model takes and hurts, by the table of baselines; measured there, on all of dev. */
const otherFour = { bytes: 15.27e6, damage: 5.59e-3 };

async function otherTools({ planned }: Stand): Promise<void> {
  const made = await planned({ kind: 'size', value: otherFour.bytes });
  check(
    'KL of k_quant with 4-bit embeddings, 15.27 MB, as the table of baselines has it, by the plan’s',
    otherFour.damage / made.damage,
    2,
  );
}

async function besideWeightError(
  { sized, make }: Stand,
  made: Made,
  bytes: number,
  metric?: MetricName,
) {
  const steps = weightErrorSteps(sized, { kind: 'size', value: bytes });
  const ranked = steps && (await make('by weight error', steps, metric));
  if (ranked) check('damage by weight error by the plan’s', timesOf(ranked.damage, made.damage), 1);
  else
    console.log('  – by weight error: not every layer takes few-bit weights, or none of that size');
}

/** The smallest plan within a damage beside the smallest uniform scheme that keeps it on the same samples. */
export async function smallest(
  stand: Stand,
  metric: MetricName | undefined,
  limit: number,
): Promise<void> {
  const made = await stand.planned({ kind: 'damage', value: limit }, metric ? { metric } : {});
  check(`${limit} by the plan’s damage on the rest`, limit / Math.max(made.unseen, limit / 1e3), 1);
  await all(stand, mixed, metric);
  // What is larger is asked only where nothing smaller keeps it.
  for (const schemes of [{ ...small, ...uniformFour }, uniformOther]) {
    const good = (await all(stand, schemes, metric)).filter(({ unseen }) => unseen <= limit);
    const least = Math.min(...good.map(({ bytes }) => bytes));
    if (good.length === 0) continue;
    return check('smallest scheme’s file that keeps it by the plan’s', least / made.bytes, 1);
  }
  console.log('  – no uniform scheme keeps it');
}

export async function byHand({ sized, planned }: Stand, hand: number): Promise<void> {
  const made = await planned({ kind: 'size', value: 0.224 * sized.bytes });
  check('best KL by hand at 22.4 % of the file by the plan’s', hand / made.damage, 1);
}

/** Equal sizes are not judged by it: what 4-bit weights do to perplexity is less than it scatters over so few samples. */
export async function perplexed(stand: Stand, limit: number): Promise<void> {
  console.log('  by perplexity:');
  await smallest(stand, 'perplexity', limit);
}

export async function fast({ each: { at = {} }, planned }: Stand, speed: number): Promise<void> {
  const { plan: made } = await planned({ kind: 'speed', value: speed }, { dims: at });
  check('speed by what was asked', (made.measured.speed ?? 0) / speed, 1);
  check(
    'the low end of its interval by what was asked',
    (made.measured.intervals.speed?.low ?? 0) / speed,
    1,
  );
  for (const { source, measured } of made.attempts) {
    console.log(
      `    ${source}: ${measured.speed?.toFixed(2)} times, damage ${measured.damage.toExponential(2)}`,
    );
  }
  const rivals = made.attempts.filter(
    ({ source, measured }) => source !== 'plan' && (measured.speed ?? 0) >= speed,
  );
  for (const { source, measured } of rivals) {
    check(
      `damage of ${source}, which is as fast, by the plan’s`,
      measured.damage / made.measured.damage,
      1,
    );
  }
}

export async function quick({ each: { at = {} }, planned }: Stand, share: number): Promise<void> {
  const { plan: first } = await planned({ kind: 'speed', value: 1 / share }, { dims: at });
  const { latencyMs, speed } = first.measured;
  const limit = share * (latencyMs ?? 0) * (speed ?? 0);
  const { plan: made } = await planned({ kind: 'latency', value: limit }, { dims: at });
  check(`${limit.toFixed(2)} ms by the plan’s`, limit / (made.measured.latencyMs ?? Infinity), 1);
}

async function all({ sized, make }: Stand, schemes: Record<string, Uniform>, metric?: MetricName) {
  const found: (Made & { readonly name: string })[] = [];
  for (const [name, steps] of Object.entries(schemes)) {
    const made = await make(name, steps(sized), metric);
    if (made && made.bytes < sized.bytes) found.push({ name, ...made });
  }
  return found;
}

/** How many times the plan's damage another's is; by some metrics there may be none, or less than none. */
const timesOf = (other: number, own: number) =>
  own > 0 ? other / own : other >= own ? Infinity : 0;

function check(what: string, ratio: number, least: number): void {
  const good = ratio >= least;
  if (!good) process.exitCode = 1;
  console.log(`${good ? '✔' : '✖'} ${what}: ${ratio.toFixed(2)}, at least ${least}`);
}
