import { checkShapes, int, intList, text } from '../../../support/inferring';

const ms = 'com.microsoft';

checkShapes('convolutions and pools', [
  [
    'strides and padding',
    {
      op: 'Conv',
      inputs: [
        ['b', 3, 224, 224],
        [64, 3, 7, 7],
      ],
      attributes: { strides: intList(2, 2), pads: intList(3, 3, 3, 3) },
    },
    ['b', 64, 112, 112],
  ],
  [
    'dilated',
    {
      op: 'Conv',
      inputs: [
        [1, 4, 10],
        [8, 2, 3],
      ],
      attributes: { dilations: intList(2), group: int(2) },
    },
    [1, 8, 6],
  ],
  [
    'as wide as before',
    {
      op: 'Conv',
      inputs: [
        [1, 1, 9],
        [1, 1, 4],
      ],
      attributes: { auto_pad: text('SAME_UPPER'), strides: intList(2) },
    },
    [1, 1, 5],
  ],
  [
    'a symbol that padding keeps',
    {
      op: 'Conv',
      inputs: [
        [1, 1, 'time'],
        [1, 1, 3],
      ],
      attributes: { pads: intList(1, 1) },
    },
    [1, 1, 'time'],
  ],
  [
    'a window that does not fit',
    {
      op: 'Conv',
      inputs: [
        [1, 1, 2],
        [1, 1, 3],
      ],
    },
    [1, 1, null],
  ],
  [
    'spread',
    {
      op: 'ConvTranspose',
      inputs: [
        [1, 8, 7, 7],
        [8, 2, 3, 3],
      ],
      attributes: {
        strides: intList(2, 2),
        pads: intList(1, 1, 1, 1),
        output_padding: intList(1, 1),
        group: int(2),
      },
    },
    [1, 4, 14, 14],
  ],
  [
    'rounded up',
    {
      op: 'MaxPool',
      inputs: [[1, 1, 6]],
      attributes: { kernel_shape: intList(3), strides: intList(2), ceil_mode: int(1) },
    },
    [1, 1, 3],
  ],
  [
    'none begins in the padding',
    {
      op: 'MaxPool',
      inputs: [[1, 1, 2]],
      attributes: { kernel_shape: intList(1), strides: intList(2), ceil_mode: int(1) },
    },
    [1, 1, 1],
  ],
  [
    'channels last',
    {
      op: 'NhwcConv',
      domain: ms,
      inputs: [
        [1, 8, 8, 3],
        [16, 3, 3, 3],
      ],
    },
    [1, 6, 6, 16],
  ],
]);
