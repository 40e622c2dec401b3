import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** The folder that the page may load from: nothing else of the extension, and nothing from outside. */
export function pageRoot(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, 'dist', 'webview');
}

/**
 * The dashboard's page. It holds no data: that is asked for once the script runs, so that names from a model never meet an HTML
 * parser.
 */
export function dashboardPage(webview: vscode.Webview, extension: vscode.Uri): string {
  const address = (file: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(pageRoot(extension), file)).toString();
  const nonce = randomBytes(16).toString('base64url');
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    // The toolkit adds a rule of its own at load, under the nonce in the head.
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ');
  const language = vscode.env.language;
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
  <meta charset="UTF-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta property="csp-nonce" content="${nonce}">
  <link rel="stylesheet" href="${address('dashboard.css')}">
  <title>Featherweight</title>
</head>
<body data-vscode-context='{"preventDefaultContextMenuItems":true}'>
  <div id="root"></div>
  <script nonce="${nonce}" src="${address('dashboard.js')}"></script>
</body>
</html>`;
}
