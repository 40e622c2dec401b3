import * as vscode from 'vscode';
import type { ActionFacts, ActionOffer } from '../../protocol/build';
import { skippedView } from '../../report/recipeView';
import { chooseOne, separator, type Entry } from '../quickInput';
import { dataText, savingText, speedText } from './estimate';

type Group = ActionFacts['group'];

export interface OfferOptions {
  readonly title: string;
  readonly offers: readonly ActionOffer[];
  readonly actions: readonly ActionFacts[];
  readonly groups: readonly Group[];
  /** How many layers the offers are for. */
  readonly asked: number;
}

/** Lets the user choose what to do to some layers: the most useful first, what does not fit last with the reason. */
export function chooseOffer(options: OfferOptions): Promise<ActionOffer | undefined> {
  return chooseOne<ActionOffer>({
    title: options.title,
    placeholder: vscode.l10n.t('What to do; nothing is changed but the recipe'),
    entries: offerEntries(options),
  });
}

/** The entries of the list, in the order of its groups. */
function offerEntries({ offers, actions, groups, asked }: OfferOptions): Entry<ActionOffer>[] {
  const known = offers.flatMap((offer) => {
    const facts = actions.find(({ name }) => name === offer.action);
    return facts && groups.includes(facts.group) ? [{ offer, facts }] : [];
  });
  const fitting = known.filter(({ offer }) => offer.layers.length > 0);
  const refused = known.filter(({ offer }) => offer.layers.length === 0);
  const listed = groups.flatMap((group) => {
    const entries = fitting.filter(({ facts }) => facts.group === group);
    return entries.length > 0
      ? [
          separator(groupText(group)),
          ...entries.map(({ offer, facts }) => entryOf(offer, facts, asked)),
        ]
      : [];
  });
  if (refused.length === 0) return listed;
  return [
    ...listed,
    separator(vscode.l10n.t('not for these layers')),
    ...refused.map(({ offer }) => refusedEntry(offer)),
  ];
}

function groupText(group: Group): string {
  const words = {
    quantize: vscode.l10n.t('quantize'),
    prepare: vscode.l10n.t('prepare: the same answers, faster or easier to quantize'),
    study: vscode.l10n.t('for study: smaller or instructive, of no use at run time'),
  } satisfies Record<Group, string>;
  return words[group];
}

function entryOf(offer: ActionOffer, facts: ActionFacts, asked: number): Entry<ActionOffer> {
  const { layers, choice } = offer;
  const said = [
    ...(facts.group === 'prepare' ? [] : [savingText(offer)]),
    speedText(facts),
    dataText(facts),
    ...(layers.length < asked ? [vscode.l10n.t('{0} of {1} layers', layers.length, asked)] : []),
  ];
  const detail = facts.speedNote ? `${facts.about} ${facts.speedNote}` : facts.about;
  return { label: choice.title, description: said.join(' · '), detail, value: offer };
}

function refusedEntry(offer: ActionOffer): Entry<ActionOffer> {
  const [reason] = skippedView(offer.refused);
  const why = reason?.why ?? vscode.l10n.t('No layer that it could change.');
  return {
    label: `$(circle-slash) ${offer.choice.title}`,
    description: why,
    refused: why,
    value: offer,
  };
}
