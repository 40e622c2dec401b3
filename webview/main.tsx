import 'vscode-jsonrpc/browser';
import { render } from 'preact';
import { messageOf } from '../src/base/errors';
import { remote, serve } from '../src/protocol/rpc';
import type { HostApi, RecipeApi, ViewApi } from '../src/protocol/viewApi';
import { connectionOver, type WebviewPort } from '../src/protocol/webviewChannel';
import { createActions } from './actions';
import { Page } from './page';
import { createRowSource } from './rows';
import {
  figuresChanged,
  initialPlaces,
  initialState,
  queryOf,
  withDashboard,
  withSelection,
} from './state';
import { drawAroundTable } from './steady';
import { createStore } from './store';
import { LayerCurve } from './views/layerDetail';
import { showTips } from './widgets/tooltip';
import './theme.css';
import './page.css';

interface Editor {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): Editor;

/** Scrolling changes what is kept with every frame; only where it rests is worth keeping. */
const keepDelay = 200;

function start(editor: Editor, root: HTMLElement) {
  const saved = editor.getState();
  const places = initialPlaces(saved);
  const store = createStore(initialState(saved));
  const connection = connectionOver(portOf(editor));
  const host = remote<HostApi & RecipeApi>(connection);
  const source = createRowSource((query) => host.rows(query), draw);
  const keep = keeper(() => editor.setState({ ...store.get().view, ...places }));
  const rest = (table: number) => {
    places.table = table;
    keep();
  };
  const act = createActions(store, host, { goToTable, rest });
  const tableScroll = places.table;

  function draw() {
    const state = store.get();
    const page = <Page {...{ state, act, source, tableScroll }} onRetry={() => void fill()} />;
    drawAroundTable(() => render(page, root));
  }
  serve<ViewApi>(connection, {
    update(dashboard) {
      const changed = figuresChanged(store.get().dashboard, dashboard);
      store.update((state) => withDashboard(state, dashboard));
      if (changed) source.refresh();
    },
    select: ({ layers }) => store.update((state) => withSelection(state, layers)),
  });
  store.subscribe((state) => {
    if (state.dashboard?.model) source.ask(queryOf(state));
    draw();
    keep();
  });
  connection.listen();
  draw();
  showTips(document.body, (layer, into) => {
    const { dashboard, view } = store.get();
    const sensitivity = dashboard?.sensitivity;
    const line = sensitivity?.lines.find(({ id }) => id === layer);
    const curve = sensitivity && line && (
      <LayerCurve view={sensitivity} line={line} linear={view.sensitivityLinear} />
    );
    render(curve ?? null, into);
  });
  void fill().then(() => {
    window.scrollTo(0, places.page);
    const onScroll = () => {
      places.page = window.scrollY;
      keep();
    };
    window.addEventListener('scroll', onScroll, { passive: true });
  });

  async function fill() {
    store.update((state) => ({ ...state, unreachable: undefined }));
    try {
      const dashboard = await host.ready({});
      store.update((state) => withDashboard(state, dashboard));
    } catch (error) {
      store.update((state) => ({ ...state, unreachable: messageOf(error) }));
    }
  }
}

const portOf = (editor: Editor): WebviewPort => ({
  post: (message) => editor.postMessage(message),
  onMessage(listener) {
    const hear = (event: MessageEvent) => listener(event.data);
    window.addEventListener('message', hear);
    return { dispose: () => window.removeEventListener('message', hear) };
  },
});

function goToTable() {
  const calm = document.body.classList.contains('vscode-reduce-motion');
  document
    .getElementById('layers-section')
    ?.scrollIntoView({ behavior: calm ? 'instant' : 'smooth', block: 'start' });
}

/** Runs `save` once things have come to rest. */
function keeper(save: () => void): () => void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(waiting);
    waiting = setTimeout(save, keepDelay);
  };
}

const root = document.createElement('main');
root.className = 'page';
(document.getElementById('root') ?? document.body).append(root);
start(acquireVsCodeApi(), root);
