import type { ActionFacts } from '../../src/protocol/build';

const common = {
  about: 'It does something.',
  group: 'quantize',
  speed: 'same',
  speedNote: null,
  data: 'none',
  choices: [],
} as const;

/** Two actions with a parameter of every kind. */
export const actions: readonly ActionFacts[] = [
  { ...common, choices: [], name: 'fine', title: 'Fine', params: {} },
  {
    ...common,
    choices: [],
    name: 'coarse',
    title: 'Coarse',
    params: {
      bits: {
        kind: 'choice',
        title: 'Width',
        help: 'Bits a weight takes.',
        options: { '2': 'two', '4': 'four' },
        default: '4',
      },
      share: { kind: 'number', title: 'Share', help: 'Of it.', min: 0, max: 1, default: 1 },
      block: { kind: 'integer', title: 'Block', help: 'Of it.', min: 8, max: 256, default: 32 },
      signed: { kind: 'boolean', title: 'Signed', help: 'Or not.', default: false },
    },
  },
];
