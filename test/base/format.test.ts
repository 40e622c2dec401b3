import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatCount,
  formatDecibels,
  formatMs,
  formatShare,
  unknownText,
} from '../../src/base/format';

test('counts and bytes use decimal units and three digits', () => {
  assert.equal(formatCount(22_713_986), '22.7 M');
  assert.equal(formatCount(999_500), '1.00 M');
  assert.equal(formatCount(12), '12');
  assert.equal(formatBytes(90_959_779), '91.0 MB');
});

test('times change unit so that a figure never reads as zero', () => {
  assert.equal(formatMs(62.53), '62.5 ms');
  assert.equal(formatMs(0.053), '53 µs');
  assert.equal(formatMs(12_345), '12.3 s');
});

test('an unknown figure is shown as unknown', () => {
  for (const format of [formatCount, formatBytes, formatMs, formatShare]) {
    assert.equal(format(null), unknownText);
    assert.equal(format(undefined), unknownText);
  }
});

test('a share that is there never reads as nothing', () => {
  assert.equal(formatShare(0.0001), '<0.1 %');
  assert.equal(formatShare(0.163), '16 %');
  assert.equal(formatShare(0), '0 %');
});

test('a share of energy is told in decibels', () => {
  assert.equal(formatDecibels(0.001), '30 dB');
  assert.equal(formatDecibels(0.5), '3.0 dB');
  assert.equal(formatDecibels(2), '-3.0 dB');
  assert.equal(formatDecibels(0), '∞ dB');
  assert.equal(formatDecibels(null), unknownText);
});
