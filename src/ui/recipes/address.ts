import * as vscode from 'vscode';

const ending = '.featherweight.json';

/** The recipe of a model: `NAME.featherweight.json` beside `NAME.onnx`. */
export function recipeUriOf(model: vscode.Uri): vscode.Uri {
  return model.with({ path: `${model.path.replace(/\.onnx$/i, '')}${ending}` });
}

export function isRecipe(uri: vscode.Uri): boolean {
  return uri.path.endsWith(ending);
}

/** Where a recipe lies, or will lie when it is saved for the first time. */
export function placeOf(recipe: vscode.Uri): vscode.Uri {
  return recipe.scheme === 'untitled' ? recipe.with({ scheme: 'file' }) : recipe;
}

/** What a path in a recipe means: absolute, or from the recipe's folder. */
export function resolvedFrom(recipe: vscode.Uri, path: string): vscode.Uri {
  const place = placeOf(recipe);
  const isAbsolute = /^([\\/]|[a-z]:[\\/])/i.test(path);
  return isAbsolute
    ? place.with({ path: vscode.Uri.file(path).path })
    : vscode.Uri.joinPath(place, '..', path.replaceAll('\\', '/'));
}

/** How a recipe names a file: from its own folder where the file is below it, else absolute. */
export function pathFrom(recipe: vscode.Uri, file: vscode.Uri): string {
  const folder = `${vscode.Uri.joinPath(recipe, '..').path}/`;
  return file.path.startsWith(folder) ? file.path.slice(folder.length) : file.fsPath;
}

export function baseName(uri: vscode.Uri): string {
  return uri.path.split('/').pop() ?? '';
}
