/**
 * The id of everything the extension contributes, each kind in one table. `test/tidy/manifest.test.ts` holds package.json to it.
 */

/** Commands a person finds in the palette. */
export const paletteCommands = {
  openDashboard: 'featherweight.openDashboard',
  openText: 'featherweight.openText',
  profile: 'featherweight.profileModel',
  profileWithData: 'featherweight.profileWithData',
  cancelProfile: 'featherweight.cancelProfile',
  measureSensitivity: 'featherweight.measureSensitivity',
  exportSensitivity: 'featherweight.exportSensitivity',
  plan: 'featherweight.planRecipe',
  advise: 'featherweight.advise',
  addCandidate: 'featherweight.addCandidate',
  setDimensions: 'featherweight.setDimensions',
  compare: 'featherweight.compareModels',
  exportProfile: 'featherweight.exportProfile',
  quantizeLayer: 'featherweight.quantizeLayer',
  quantizeModel: 'featherweight.quantizeModel',
  prepareModel: 'featherweight.prepareModel',
  applyRecipe: 'featherweight.applyRecipe',
  openRecipe: 'featherweight.openRecipe',
  build: 'featherweight.buildModel',
  measureCandidate: 'featherweight.measureCandidate',
  compareOriginal: 'featherweight.compareWithOriginal',
  showLenses: 'featherweight.showLenses',
  clearLenses: 'featherweight.clearLenses',
  rankTree: 'featherweight.rankTree',
  orderTree: 'featherweight.orderTree',
  openSample: 'featherweight.openSample',
  showLog: 'featherweight.showLog',
  restartEngine: 'featherweight.restartEngine',
} as const;

/** Commands that need a layer and so live in context menus, lenses and hovers only. */
export const layerCommands = {
  showInText: 'featherweight.showLayerInText',
  showInDashboard: 'featherweight.showLayerInDashboard',
  copyFigures: 'featherweight.copyLayerFigures',
  copyName: 'featherweight.copyLayerName',
  quantizeInt8Dynamic: 'featherweight.quantizeInt8Dynamic',
  quantizeInt8Static: 'featherweight.quantizeInt8Static',
  quantizeBits8: 'featherweight.quantizeBits8',
  quantizeBits4: 'featherweight.quantizeBits4',
  quantizeBits2: 'featherweight.quantizeBits2',
  quantizeHalf: 'featherweight.quantizeHalf',
  quantizeMore: 'featherweight.quantizeMore',
  undoLayers: 'featherweight.undoLayers',
  measureLayers: 'featherweight.measureLayerSensitivity',
  showSensitivity: 'featherweight.showLayerSensitivity',
} as const;

/** Commands of the lenses and links in a recipe, which say which recipe and which step. */
export const recipeCommands = {
  showStep: 'featherweight.showStep',
  removeStep: 'featherweight.removeStep',
  showStepLayers: 'featherweight.showStepLayers',
  adoptModel: 'featherweight.adoptModel',
} as const;

export const commands = { ...paletteCommands, ...layerCommands, ...recipeCommands } as const;
export type CommandName = keyof typeof commands;

/** The submenu "Quantize Layer" of the layers' context menus. */
export const submenus = { quantize: 'featherweight.quantize' } as const;

/** Custom editors and tree views. */
export const views = {
  dashboard: 'featherweight.dashboard',
  layers: 'featherweight.layers',
} as const;

/** What `when` clauses of the manifest and the walkthrough's steps may ask. */
export const contextKeys = {
  /** A dashboard or text view is in front. */
  active: 'featherweight.active',
  /** The model in front has figures. */
  profiled: 'featherweight.profiled',
  /** It is profiled, or something else is measured of it. */
  profiling: 'featherweight.profiling',
  lensesShown: 'featherweight.lensesShown',
  /** Its layers' sensitivity was measured. */
  measured: 'featherweight.measured',
  /** The tree's layers stand in the order of their sensitivity. */
  treeRanked: 'featherweight.treeRanked',
  /** Something was done once: a step of the walkthrough is finished. */
  didOpen: 'featherweight.didOpen',
  didProfile: 'featherweight.didProfile',
  didCompare: 'featherweight.didCompare',
  didQuantize: 'featherweight.didQuantize',
} as const;
export type ContextKey = keyof typeof contextKeys;

/** What one compressed layer may do by each metric; an error without a scale has no limit that fits every model. */
const safeDamage = {
  ...{ kl: 0.001, nmse: 0.001, cosine: 0.001, disagreement: 0.005, accuracy: 0.005, f1: 0.005 },
};

/** Every setting with its default, which also gives its type. */
export const settings = {
  runs: { id: 'featherweight.profile.runs', default: 30 as number },
  warmup: { id: 'featherweight.profile.warmup', default: 5 as number },
  threads: { id: 'featherweight.profile.threads', default: 0 as number },
  provider: { id: 'featherweight.profile.provider', default: 'cpu' as string },
  seed: { id: 'featherweight.profile.seed', default: 0 as number },
  textLenses: { id: 'featherweight.text.costLenses', default: true as boolean },
  textHovers: { id: 'featherweight.text.hovers', default: true as boolean },
  textActions: { id: 'featherweight.text.actionLenses', default: true as boolean },
  textSensitivity: { id: 'featherweight.text.sensitivityLenses', default: true as boolean },
  textShapes: { id: 'featherweight.text.shapeHints', default: true as boolean },
  textSourceLinks: { id: 'featherweight.text.sourceLinks', default: true as boolean },
  mentionLenses: { id: 'featherweight.mentions.lenses', default: true as boolean },
  mentionHovers: { id: 'featherweight.mentions.hovers', default: true as boolean },
  recipeLenses: { id: 'featherweight.recipe.lenses', default: true as boolean },
  compareRounds: { id: 'featherweight.compare.rounds', default: 30 as number },
  sensitivitySafe: {
    id: 'featherweight.sensitivity.safe',
    default: safeDamage as Readonly<Record<string, number>>,
  },
  treeSensitivity: { id: 'featherweight.tree.sensitivityColors', default: true as boolean },
  statusBar: { id: 'featherweight.statusBar', default: true as boolean },
  nodePath: { id: 'featherweight.engine.nodePath', default: '' as string },
} as const;
export type SettingName = keyof typeof settings;
export type SettingType<Name extends SettingName> = (typeof settings)[Name]['default'];

/** The scheme and language of the text view. Its path is the model's with `text` appended, so the tab reads `model.onnxtext`. */
export const textView = { scheme: 'featherweight', language: 'featherweight' } as const;

export const walkthrough = 'featherweight.start';
