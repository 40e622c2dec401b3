import { roles, type Role } from '../src/base/terms';

/** A role in the room of a cell. */
export const roleLetters = {
  query: 'Q',
  key: 'K',
  value: 'V',
  qkv: 'QKV',
  kv: 'KV',
  output: 'O',
  scores: 'S',
  context: 'C',
  up: 'U',
  gate: 'G',
  gateUp: 'GU',
  down: 'D',
  router: 'R',
  activation: 'A',
  embedding: 'E',
  position: 'P',
  tokenType: 'T',
  embeddingProjection: 'EP',
  norm: 'N',
  conv: 'C',
  downsample: 'S',
  recurrent: 'R',
  dense: 'L',
  pooler: 'P',
  headTransform: 'HT',
  head: 'H',
  other: '·',
} as const satisfies Record<Role, string>;

/** "token type": a role as people write it. The filter takes it so, too. */
export const roleText = (role: string): string =>
  role.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** "P position, pooler": what the letters over a map stand for, in the order of the roles. */
export function letterLegend(
  present: Iterable<Role>,
): readonly { letter: string; roles: string }[] {
  const wanted = new Set(present);
  const byLetter = new Map<string, string[]>();
  for (const role of roles.filter((each) => wanted.has(each))) {
    const letter = roleLetters[role];
    byLetter.set(letter, [...(byLetter.get(letter) ?? []), roleText(role)]);
  }
  return [...byLetter].map(([letter, names]) => ({ letter, roles: names.join(', ') }));
}
