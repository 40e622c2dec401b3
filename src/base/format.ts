/** Shown wherever a figure is not known: never zero. */
export const unknownText = '–';

type Figure = number | null | undefined;

const isUnknown = (value: Figure): value is null | undefined =>
  value === null || value === undefined || Number.isNaN(value);

function scaled(value: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  // 999.5 would round to "1000": move to the next unit first.
  while (Math.abs(rest) >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const digits = unit === 0 || Math.abs(rest) >= 99.95 ? 0 : Math.abs(rest) >= 9.995 ? 1 : 2;
  return `${rest.toFixed(digits)}${units[unit] ? ` ${units[unit]}` : ''}`;
}

/** 22713986 → "22.7 M". */
export function formatCount(value: Figure): string {
  return isUnknown(value) ? unknownText : scaled(value, ['', 'K', 'M', 'G', 'T']);
}

/** 90959779 → "91.0 MB": decimal units, as disks and downloads are sold. */
export function formatBytes(value: Figure): string {
  return isUnknown(value) ? unknownText : scaled(value, ['B', 'KB', 'MB', 'GB', 'TB']);
}

/** 62.53 → "62.5 ms"; below a millisecond microseconds, from 10 seconds on seconds. */
export function formatMs(value: Figure): string {
  if (isUnknown(value)) return unknownText;
  if (value === 0) return '0 ms';
  if (Math.abs(value) < 0.1) return `${(value * 1000).toFixed(Math.abs(value) < 0.01 ? 1 : 0)} µs`;
  if (Math.abs(value) >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

/** 0.163 → "16 %"; below ten per cent one digit more; a share too small to show is "<0.1 %", not zero. */
export function formatShare(value: Figure): string {
  if (isUnknown(value)) return unknownText;
  if (value > 0 && value < 0.0005) return '<0.1 %';
  return `${(value * 100).toFixed(value < 0.0995 && value > 0 ? 1 : 0)} %`;
}

/** 3.873 → "3.9x". */
export function formatFactor(value: Figure): string {
  return isUnknown(value) ? unknownText : `${value.toFixed(value < 9.95 ? 1 : 0)}x`;
}

/** A ratio of two measurements, without a unit: 2.513 → "2.5", 1.043 → "1.04". */
export function formatRatio(value: Figure): string {
  return isUnknown(value) ? unknownText : value.toFixed(value < 1.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** A small figure to two digits: 0.00312 → "0.0031", 3.1e-7 → "3.1e-7", 0 → "0". */
export function formatSmall(value: Figure): string {
  if (isUnknown(value)) return unknownText;
  if (value === 0) return '0';
  return Math.abs(value) < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(2)));
}

/** The unit of errors that are a share of a signal's energy: decibels of signal to noise say the same. */
export const energyShare = 'share of energy';

/** A share of energy as signal to noise, −10·log₁₀ of it: 0.001 → "30 dB", 0 → "∞ dB". */
export function formatDecibels(share: Figure): string {
  if (isUnknown(share)) return unknownText;
  if (share <= 0) return '∞ dB';
  const decibels = -10 * Math.log10(share);
  return `${decibels.toFixed(Math.abs(decibels) < 9.95 ? 1 : 0)} dB`;
}

/** 1434600192 → "1,434,600,192". */
export function formatExact(value: Figure): string {
  return isUnknown(value) ? unknownText : value.toLocaleString('en-US');
}
