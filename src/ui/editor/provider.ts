import * as vscode from 'vscode';
import { showContext } from '../context';
import type { Lease } from '../models/store';
import { views } from '../names';
import type { Services } from '../services';
import { dashboardPage, pageRoot } from './page';

/** The document behind the dashboards of one file: a hold on its model. */
interface DashboardDocument extends vscode.CustomDocument {
  readonly lease: Lease;
}

/** Opens `.onnx` files as dashboards. A file that is no model opens too: its dashboard says what is wrong with it. */
class DashboardProvider implements vscode.CustomReadonlyEditorProvider<DashboardDocument> {
  constructor(private readonly services: Services) {}

  openCustomDocument(uri: vscode.Uri): DashboardDocument {
    const lease = this.services.models.acquire(uri);
    return { uri, lease, dispose: () => lease.dispose() };
  }

  async resolveCustomEditor({ lease }: DashboardDocument, panel: vscode.WebviewPanel) {
    // Loaded with the first dashboard, so that activation does not pay for it.
    const { DashboardBridge } = await import('../later');
    const { extensionUri } = this.services.context;
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [pageRoot(extensionUri)] };
    const bridge = new DashboardBridge(panel, lease.model, this.services);
    panel.onDidDispose(() => bridge.dispose());
    webview.html = dashboardPage(webview, extensionUri);
    showContext('didOpen', true);
  }
}

export function registerDashboard(services: Services): vscode.Disposable {
  return vscode.window.registerCustomEditorProvider(
    views.dashboard,
    new DashboardProvider(services),
    { supportsMultipleEditorsPerDocument: true },
  );
}
