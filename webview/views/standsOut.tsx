import type { AddAction, InsightAction } from '../../src/protocol/viewApi';
import { isSynthetic, timesSettled } from '../state';
import type { ViewProps } from './props';
import './standsOut.css';

/** Sentences that rules made of the figures. Without one that passed its threshold there is no section. */
export function StandsOut({ dashboard, act }: ViewProps) {
  const insights = dashboard.insights ?? [];
  if (insights.length === 0) return null;
  const synthetic = timesSettled(dashboard) && isSynthetic(dashboard);
  return (
    <section aria-labelledby="stands-out">
      <div class="section-head">
        <h2 id="stands-out">What stands out</h2>
        {synthetic && <span class="quiet">times from synthetic inputs</span>}
      </div>
      <ul class="insights">
        {insights.map(({ id, figure, text, filter, action }) => (
          <li class="insight" key={id}>
            <b class="insight-figure">{figure}</b>
            <span class="insight-text" id={`insight-${id}`}>
              {text}
            </span>
            <span class="insight-links">
              {action && (
                <button
                  type="button"
                  class="link"
                  data-tip="Adds a step to the recipe"
                  aria-describedby={`insight-${id}`}
                  onClick={() => act.addAction(stepOf(action))}
                >
                  {action.title}
                </button>
              )}
              {filter !== '' && (
                <button
                  type="button"
                  class="link"
                  aria-describedby={`insight-${id}`}
                  onClick={() => act.show(filter)}
                >
                  Show
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const stepOf = ({ layers, action, params }: InsightAction): AddAction => ({
  layers,
  action,
  params,
});
