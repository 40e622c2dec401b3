/**
 * Everything that an activation can do without. It is imported when the first of it is called, and only so: the build makes a file of
 * its own of it, which nobody has to read and compile before.
 */
export * as advise from './commands/advise';
export * as applyRecipe from './commands/applyRecipe';
export * as build from './commands/build';
export * as candidate from './commands/candidate';
export * as exportProfile from './commands/exportProfile';
export * as exportSensitivity from './commands/exportSensitivity';
export * as plan from './commands/plan';
export * as quantize from './commands/quantize';
export * as recipe from './commands/recipe';
export * as sensitivity from './commands/sensitivity';
export * as showSensitivity from './commands/showSensitivity';
export { DashboardBridge } from './editor/bridge';
export * as recipeFixes from './recipes/fixes';
export * as recipeHelp from './recipes/help';
export { modelFileIn, parseRecipe } from '../recipe/parse';
export { startEngine } from '../protocol/engineProcess';
