import 'vscode-jsonrpc/browser';
import { render } from 'preact';
import { remote, serve } from '../src/protocol/rpc';
import type { HostApi, ViewApi } from '../src/protocol/viewApi';
import { connectionOver } from '../src/protocol/webviewChannel';
import { createActions } from './actions';
import { Page } from './page';
import { createRowSource } from './rows';
import { initialState, queryOf, withDashboard, withSelection, type State } from './state';
import { createStore } from './store';
import { showTips } from './widgets/tooltip';
import './theme.css';
import './page.css';

interface Editor {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): Editor;

/** Scrolling writes the state with every frame; only where it rests is worth keeping. */
const keepDelay = 200;

function start(editor: Editor, root: HTMLElement) {
  const store = createStore(initialState(editor.getState()));
  const connection = connectionOver({
    post: (message) => editor.postMessage(message),
    onMessage(listener) {
      const hear = (event: MessageEvent) => listener(event.data);
      window.addEventListener('message', hear);
      return { dispose: () => window.removeEventListener('message', hear) };
    },
  });
  const host = remote<HostApi>(connection);
  const source = createRowSource((query) => host.rows(query), draw);
  const act = createActions(store, host, goToTable);

  function draw() {
    render(<Page state={store.get()} act={act} source={source} />, root);
  }
  serve<ViewApi>(connection, {
    update(dashboard) {
      store.update((state) => withDashboard(state, dashboard));
      source.refresh();
    },
    select: ({ layers }) => store.update((state) => withSelection(state, layers)),
  });
  store.subscribe((state) => {
    source.ask(queryOf(state));
    draw();
    keep(editor, state);
  });
  connection.listen();
  draw();
  showTips(document.body);
  void host.ready({}).then((dashboard) => {
    source.ask(queryOf(store.get()));
    store.update((state) => withDashboard(state, dashboard));
    window.scrollTo(0, store.get().view.pageScroll);
    window.addEventListener('scroll', () => act.setView({ pageScroll: window.scrollY }), {
      passive: true,
    });
  });
}

function goToTable() {
  const calm = document.body.classList.contains('vscode-reduce-motion');
  document
    .getElementById('layers-section')
    ?.scrollIntoView({ behavior: calm ? 'instant' : 'smooth', block: 'start' });
}

let keeping: ReturnType<typeof setTimeout> | undefined;
function keep(editor: Editor, { view }: State) {
  clearTimeout(keeping);
  keeping = setTimeout(() => editor.setState(view), keepDelay);
}

const root = document.createElement('main');
root.className = 'page';
(document.getElementById('root') ?? document.body).append(root);
start(acquireVsCodeApi(), root);
