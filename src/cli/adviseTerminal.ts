import { formatBytes, formatFactor, formatShare, formatSmall } from '../base/format';
import { printable } from '../base/text';
import type { Advice, Expectation, Proposal, Remark } from '../recipe/advice/advice';
import { wrapText } from '../report/columns';
import type { TerminalOptions } from '../report/terminal';

export interface AdviceText extends TerminalOptions {
  readonly model: string;
  /** As it was given; undefined without. */
  readonly data: string | undefined;
}

/** Advice as text for a terminal: proposals with reasons and expectations, what will not help, what is not here. Ends with a line break. */
export function terminalAdvice(advice: Omit<Advice, 'further'>, options: AdviceText): string {
  const sections = [
    ...advice.proposals.map((proposal, at) => proposed(proposal, at, options)),
    remarked('Will not help', advice.wontHelp, options),
    remarked('Would help, and is not here', advice.notHere, options),
  ];
  return sections
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function proposed(proposal: Proposal, at: number, options: AdviceText): string[] {
  const { title, reasons, expected } = proposal;
  const { palette, width } = options;
  return [
    palette.strong(`${at + 1}. ${title}`),
    ...reasons.flatMap((reason) => indented(reason, width)),
    ...indented(expectationsOf(expected), width).map(palette.quiet),
    ...commandOf(proposal, options),
  ];
}

function expectationsOf({ bytes, speed, damage }: Proposal['expected']): string {
  const size = bytes
    ? `${formatBytes(bytes.after)}, ${formatShare(bytes.after / bytes.before)} of the file.`
    : 'Size as the plan finds it.';
  const both = speed.kind === 'unknown' && damage.kind === 'unknown' && speed.by === damage.by;
  const known = both
    ? [unknown('Speed and damage are', speed.by)]
    : [told('Speed', speed, formatFactor), told('Damage', damage, formatSmall)];
  return [size, ...known].join(' ');
}

function told(what: string, expectation: Expectation, format: (value: number) => string): string {
  if (expectation.kind === 'unknown') return unknown(`${what} is`, expectation.by);
  return `${what}: ${format(expectation.value)} (${expectation.kind}; ${expectation.standsOn}).`;
}

const unknown = (what: string, by: string) => `${what} not known yet: ${decapitalised(by)}`;

const decapitalised = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** What to type for a proposal that one command makes. */
function commandOf({ plan }: Proposal, { model, data }: AdviceText): string[] {
  if (!plan || data === undefined) return [];
  const [file, fed] = [printable(model, 200), printable(data, 200)];
  return [`   featherweight plan ${file} --data ${fed} --max-kl ${plan.value}`];
}

function remarked(title: string, remarks: readonly Remark[], options: AdviceText): string[] {
  if (remarks.length === 0) return [];
  const { palette, width } = options;
  const lines = remarks.flatMap((remark) => indented(`${remark.title}: ${remark.why}`, width));
  return [palette.strong(title), ...lines];
}

function indented(text: string, width: number): string[] {
  return wrapText(text, Math.max(20, width - 3)).map((line) => `   ${line}`);
}
