import * as vscode from 'vscode';

/** A format to choose from. */
interface Format {
  readonly title: string;
  readonly about: string;
  /** What the file's name ends with, after the model's own name. */
  readonly extension: string;
}

export interface ExportRequest<F extends Format> {
  readonly title: string;
  readonly placeholder: string;
  readonly formats: readonly F[];
  /** The file is offered to lie beside it, under its name. */
  readonly model: vscode.Uri;
  /** Follows the model's name. */
  readonly suffix?: string;
  /** Undefined where the user was asked for more and thought better of it. */
  readonly write: (format: F) => string | undefined | Promise<string | undefined>;
}

/** Asks for a format and a place, writes the file and offers to open it. Undefined where the user thought better of it. */
export async function exportFile<F extends Format>(
  request: ExportRequest<F>,
): Promise<vscode.Uri | undefined> {
  const format = await askFormat(request);
  if (!format) return undefined;
  const text = await request.write(format);
  const target = text === undefined ? undefined : await askPlace(request, format);
  if (!target || text === undefined) return undefined;
  await vscode.workspace.fs.writeFile(target, Buffer.from(text));
  await offerToOpen(target);
  return target;
}

async function askFormat<F extends Format>({
  title,
  placeholder,
  formats,
}: ExportRequest<F>): Promise<F | undefined> {
  const items = formats.map((format) => ({ label: format.title, detail: format.about, format }));
  const choice = await vscode.window.showQuickPick(items, { title, placeHolder: placeholder });
  return choice?.format;
}

function askPlace<F extends Format>(
  { model, suffix = '' }: ExportRequest<F>,
  { extension, title }: F,
): Thenable<vscode.Uri | undefined> {
  const name =
    model.path
      .split('/')
      .pop()
      ?.replace(/\.onnx$/i, '') ?? '';
  return vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(model, '..', `${name}${suffix}${extension}`),
    filters: { [title]: [extension.slice(1)] },
  });
}

async function offerToOpen(file: vscode.Uri): Promise<void> {
  const open = vscode.l10n.t('Open');
  const name = file.path.split('/').pop() ?? '';
  const choice = await vscode.window.showInformationMessage(
    vscode.l10n.t('Exported {0}.', name),
    open,
  );
  if (choice !== open) return;
  // A page is made to be seen in a browser; everything else is text.
  if (name.endsWith('.html')) await vscode.env.openExternal(file);
  else await vscode.commands.executeCommand('vscode.open', file);
}
