import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaleEnd } from '../../../webview/widgets/shareBar';

test('the scale holds the largest share and changes in few steps', () => {
  assert.deepEqual(
    [0, 0.05, 0.051, 0.16, 0.22, 0.4, 0.9, 1].map(scaleEnd),
    [0.05, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 1],
  );
});
