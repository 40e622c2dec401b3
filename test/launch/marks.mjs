/** Lines that the suite prints around its own in the extension host's output, where VS Code talks too. */
export const marks = { start: 'featherweight-suite-start', result: 'featherweight-suite-result ' };
