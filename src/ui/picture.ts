import * as vscode from 'vscode';
import { chartColors, type Chart, type ChartColors, type ThemeKind } from './charts';

/** Colours of pictures in hovers for the theme that is set. */
export function currentColors(): ChartColors {
  const kinds: Record<vscode.ColorThemeKind, ThemeKind> = {
    [vscode.ColorThemeKind.Light]: 'light',
    [vscode.ColorThemeKind.Dark]: 'dark',
    [vscode.ColorThemeKind.HighContrast]: 'highContrast',
    [vscode.ColorThemeKind.HighContrastLight]: 'highContrastLight',
  };
  return chartColors[kinds[vscode.window.activeColorTheme.kind]];
}

/** A picture as Markdown; the words are for those who do not see it. */
export function imageOf({ uri, width, height }: Chart, alternative: string): string {
  return `![${alternative}](${uri}|width=${width},height=${height})`;
}
