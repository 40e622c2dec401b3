import * as vscode from 'vscode';
import { formatFactor, formatSmall } from '../../base/format';
import type { Advice, Expectation, Proposal, Remark } from '../../recipe/advice/advice';
import { savingText } from '../quantize/estimate';
import { chooseStep, detailOf, separator, type Entry } from '../quickInput';

/** Shows what may be done, each with its reasons and what is known of it, and what will not help. `back` for Back, undefined for Esc. */
export function chooseProposal(
  title: string,
  advice: Advice,
  steps: number,
): Promise<Proposal | 'back' | undefined> {
  return chooseStep<Proposal | 'back'>({
    title: vscode.l10n.t('{0}: Proposals', title),
    placeholder: vscode.l10n.t('What to do; nothing is changed but the recipe'),
    entries: [
      ...advice.proposals.map(proposalEntry),
      ...remarkEntries(vscode.l10n.t('will not help here'), advice.wontHelp),
      ...remarkEntries(vscode.l10n.t('would help, elsewhere'), advice.notHere),
    ],
    ...{ step: steps, of: steps, back: 'back' },
  });
}

function proposalEntry(proposal: Proposal): Entry<Proposal> {
  const { title, reasons, name } = proposal;
  const icon = name === 'nothing' ? '$(circle-outline)' : '$(lightbulb)';
  return {
    label: `${icon} ${title}`,
    description: expectedText(proposal),
    ...detailOf(title, reasons.join(' ')),
    value: proposal,
  };
}

/** "91.0 MB → 22.9 MB · 4.0x smaller · 2.3x as fast (measured) · damage 0.0031 (estimated)": what is known, and how it is known. */
function expectedText({ expected, plan }: Proposal): string {
  const { bytes, speed, damage } = expected;
  return [
    ...(bytes && bytes.before !== bytes.after ? [savingText(bytes)] : []),
    ...known(speed, (value) => vscode.l10n.t('{0} as fast', formatFactor(value))),
    ...known(damage, (value) => vscode.l10n.t('damage {0}', formatSmall(value))),
    ...(plan ? [vscode.l10n.t('at most {0} damage, measured', formatSmall(plan.value))] : []),
  ].join(' · ');
}

function known(expectation: Expectation, text: (value: number) => string): string[] {
  if (expectation.kind === 'unknown') return [];
  const how = {
    measured: vscode.l10n.t('measured'),
    estimated: vscode.l10n.t('estimated'),
  }[expectation.kind];
  return [`${text(expectation.value)} (${how})`];
}

/** There to be read: they cannot be chosen. */
function remarkEntries(heading: string, remarks: readonly Remark[]): Entry<never>[] {
  if (remarks.length === 0) return [];
  const entries = remarks.map(({ title, why }) => ({
    label: `$(circle-slash) ${title}`,
    ...detailOf(title, why),
    refused: why,
  }));
  return [separator(heading), ...entries];
}
