import { useMemo } from 'preact/hooks';
import type { SensitivityView, SensitivityViewLine } from '../../src/protocol/sensitivity';
import type { DamageScale } from '../damage';
import { DamageMap } from './damageMap';
import type { ViewProps } from './props';

interface Props extends Pick<ViewProps, 'act'> {
  readonly view: SensitivityView;
  readonly scale: DamageScale | undefined;
}

const kinds = {
  block: { title: 'Whole blocks', label: 'Damage of taking out each block' },
  head: { title: 'Heads', label: 'Damage of taking out each head of attention' },
} as const satisfies Record<SensitivityView['wholes'][number]['unit'], object>;

/** What more than a layer does to the answers: blocks and heads, on the scale of the layers. */
export function Wholes({ view, scale, act }: Props) {
  // Thousands of cells, which a click on a layer does not concern.
  return useMemo(
    () => (
      <>
        {view.wholes.map((grid) => (
          <div class="whole" key={grid.unit}>
            <h3>
              {kinds[grid.unit].title}
              <span class="quiet">
                {grid.omitted > 0 ? `  ${grid.omitted} more suffer less and are not shown` : ''}
              </span>
            </h3>
            <DamageMap
              label={kinds[grid.unit].label}
              view={view}
              grid={grid}
              scale={scale}
              sort=""
              showBlocks={grid.unit === 'head'}
              selected={none}
              letterOf={grid.unit === 'block' ? blockLetter : headLetter(grid.lines)}
              onPress={({ block }) => block !== null && act.show(`block:${block}`)}
              hasMenu={false}
            />
          </div>
        ))}
      </>
    ),
    [view, scale, act],
  );
}

const none: ReadonlySet<string> = new Set();

const blockLetter = ({ block }: SensitivityViewLine): string => (block === null ? '·' : `${block}`);

/** Heads are counted within their block. */
function headLetter(lines: readonly SensitivityViewLine[]): (line: SensitivityViewLine) => string {
  const counts = new Map<number | null, number>();
  const numbers = new Map<string, number>();
  for (const { id, block } of lines) {
    const count = counts.get(block) ?? 0;
    numbers.set(id, count);
    counts.set(block, count + 1);
  }
  // Two digits fill a cell: every second number is enough.
  const step = Math.max(...counts.values()) > 10 ? 2 : 1;
  return ({ id }) => {
    const number = numbers.get(id) ?? 0;
    return number % step === 0 ? String(number) : '';
  };
}
