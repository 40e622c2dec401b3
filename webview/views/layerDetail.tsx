import { printable } from '../../src/base/text';
import type { SensitivityView, SensitivityViewLine } from '../../src/protocol/sensitivity';
import { amongWidths } from '../damage';
import { roleText } from '../roles';
import { DamageCurve } from '../widgets/damageCurve';

interface Props {
  readonly view: SensitivityView;
  readonly selected: ReadonlySet<string>;
  readonly linear: boolean;
  readonly onGoTo: (layer: string) => void;
}

/** The curve of the selected layer; of the one that suffers most until there is one. */
export function LayerDetail({ view, selected, linear, onGoTo }: Props) {
  const chosen = view.lines.find(({ id }) => selected.has(id));
  const line = chosen ?? worstOf(view);
  if (!line) return null;
  const among = amongWidths(view, line);
  return (
    <div class="layer-detail">
      <p class="detail-head">
        {!chosen && <span class="quiet">suffers most:</span>}
        <button type="button" class="link" onClick={() => onGoTo(line.id)}>
          {printable(line.name)}
        </button>
        <span class="quiet">{roleText(line.role)}</span>
      </p>
      <LayerCurve view={view} line={line} linear={linear} />
      {among.length > 0 && <p class="caption">{among.join('; ')}.</p>}
    </div>
  );
}

interface CurveProps extends Pick<Props, 'view' | 'linear'> {
  readonly line: SensitivityViewLine;
}

/** A layer's damage under every probe, on the axis that all layers share. */
export function LayerCurve({ view, line, linear }: CurveProps) {
  const { metric, probes, lines } = view;
  return (
    <DamageCurve
      probes={probes}
      cells={line.cells}
      metric={`${metric.title} (${metric.unit})`}
      linear={linear}
      range={lines.flatMap(({ cells }) => cells.flatMap((cell) => cell?.damage ?? []))}
    />
  );
}

/** Under the harshest of the probes that it was measured by. */
function worstOf({ lines }: SensitivityView): SensitivityViewLine | undefined {
  const worst = ({ cells }: SensitivityViewLine) =>
    Math.max(...cells.map((cell) => cell?.damage ?? -Infinity));
  return lines.reduce<SensitivityViewLine | undefined>(
    (most, line) => (most && worst(most) >= worst(line) ? most : line),
    undefined,
  );
}
