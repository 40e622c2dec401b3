import type { layerCommands } from '../names';

/** An entry of the submenu "Quantize Layer": a step to be added at once, or a form to be filled in first. */
export interface MenuEntry {
  readonly action: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The entries that context menus have without asking the engine; everything else stands in the list behind "More…". */
export const menuEntries = {
  quantizeInt8Dynamic: { action: 'int8Dynamic', params: {} },
  quantizeInt8Static: { action: 'int8Static', params: {} },
  quantizeBits8: { action: 'weightOnly', params: { bits: '8' } },
  quantizeBits4: { action: 'weightOnly', params: { bits: '4' } },
  quantizeBits2: { action: 'weightOnly', params: { bits: '2' } },
  quantizeHalf: { action: 'halfStorage', params: {} },
} as const satisfies Partial<Record<keyof typeof layerCommands, MenuEntry>>;
