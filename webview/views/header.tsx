import type { DashboardState } from '../../src/protocol/viewApi';
import { Button, Dropdown, Ring, TextField } from '../kit';
import { canCancel } from '../state';
import { baseName, fileFacts, structureFacts } from './facts';
import type { ViewProps } from './props';
import './header.css';

/** What the model is, and under which conditions its figures hold. */
export function Header({ state, dashboard, act }: ViewProps) {
  const { model, structure, busy } = dashboard;
  const facts = [
    ...(structure ? structureFacts(structure) : []),
    ...(model ? fileFacts(model) : []),
  ];
  return (
    <header class="header">
      <div class="header-name">
        <h1 data-tip={dashboard.file}>{baseName(dashboard.file)}</h1>
        <p class="facts">
          <span>
            {facts.map((fact) => (
              <span key={fact}>{fact}</span>
            ))}
          </span>
        </p>
      </div>
      <div class="header-act">
        <p class="progress" data-idle={!busy}>
          {busy && (
            <>
              <Ring />
              {busy.note || busy.what}
            </>
          )}
        </p>
        <Conditions state={state} dashboard={dashboard} act={act} />
      </div>
      <div class="progress-line" aria-hidden="true">
        {busy && <i style={{ width: `${Math.round(busy.fraction * 1000) / 10}%` }} />}
      </div>
    </header>
  );
}

function Conditions({ state, dashboard, act }: ViewProps) {
  const { settings, busy, model, trusted } = dashboard;
  const idle = busy === undefined;
  return (
    <div class="conditions" role="group" aria-label="Conditions of the measurement">
      <Dimensions dashboard={dashboard} act={act} idle={idle} />
      <label class="condition">
        <span aria-hidden="true">threads</span>
        <TextField
          class="number"
          label="Threads"
          tip="Threads that the runtime may use; empty lets it choose"
          numeric
          placeholder="auto"
          disabled={!idle}
          value={threadsText(state.view.threads ?? settings.threads)}
          onCommit={(text) => {
            const threads = text.trim() === '' ? 0 : sizeOf(text);
            if (threads === undefined) return false;
            act.setView({ threads });
            return true;
          }}
        />
      </label>
      {settings.providers.length > 1 && (
        <label class="condition">
          <span aria-hidden="true">provider</span>
          <Dropdown
            label="Provider"
            value={state.view.provider ?? settings.provider}
            options={settings.providers.map((value) => ({ value, title: value.toUpperCase() }))}
            disabled={!idle}
            onChoose={(provider) => act.setView({ provider })}
          />
        </label>
      )}
      <label class="condition">
        <span aria-hidden="true">data</span>
        <Button
          class="data"
          label={`Data: ${dataText(settings.data)}. Choose another`}
          tip={settings.data ?? 'Made-up inputs from a fixed seed. Choose real ones.'}
          disabled={!idle}
          onPress={() => act.chooseData()}
        >
          {dataText(settings.data)}
        </Button>
      </label>
      {!canCancel(dashboard) ? (
        <Button
          class="main-button"
          look="primary"
          disabled={!model || !idle}
          tip={trusted ? undefined : 'Asks you to trust this workspace first'}
          onPress={() => act.profile()}
        >
          Profile
        </Button>
      ) : (
        <Button class="main-button" onPress={() => act.cancel()}>
          Cancel
        </Button>
      )}
    </div>
  );
}

function Dimensions({
  dashboard,
  act,
  idle,
}: Pick<ViewProps, 'dashboard' | 'act'> & { readonly idle: boolean }) {
  const dimensions = dashboard.dimensions ?? [];
  return (
    <>
      {dimensions.map((dimension) => (
        <label class="condition" key={dimension.symbol}>
          <span aria-hidden="true">{dimensionTitle(dimension, dimensions)}</span>
          <TextField
            class="number"
            label={dimensionTitle(dimension, dimensions)}
            tip={`Size of the model's dimension “${dimension.symbol}”`}
            numeric
            disabled={!idle}
            value={String(dimension.size)}
            onCommit={(text) => {
              const size = sizeOf(text);
              if (size === undefined) return false;
              act.setSizes({ dims: { [dimension.symbol]: size } });
              return true;
            }}
          />
        </label>
      ))}
    </>
  );
}

type Dimension = NonNullable<DashboardState['dimensions']>[number];

/** The role says more than an exporter's `s18`; where two symbols share a role, both are needed. */
function dimensionTitle(dimension: Dimension, all: readonly Dimension[]): string {
  const { role, symbol } = dimension;
  if (role === 'other') return symbol;
  return all.filter((other) => other.role === role).length > 1 ? `${role} ${symbol}` : role;
}

/** A whole number from 1 on; undefined for anything else. */
function sizeOf(text: string): number | undefined {
  const size = Number(text.trim().replaceAll(',', ''));
  return Number.isSafeInteger(size) && size >= 1 ? size : undefined;
}

const threadsText = (threads: number): string => (threads === 0 ? '' : String(threads));
const dataText = (data: string | null): string => (data === null ? 'synthetic' : baseName(data));
