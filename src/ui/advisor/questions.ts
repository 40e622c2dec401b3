import * as vscode from 'vscode';
import type { AdviceFacts } from '../../recipe/advice/facts';
import {
  type Answers,
  openQuestions,
  type QuestionName,
  questionOf,
} from '../../recipe/advice/questions';
import { chooseStep, type Entry } from '../quickInput';

const back = Symbol('back');

/** What was answered so far, with the questions in the order in which they were asked. */
export interface Asked {
  readonly answers: Answers;
  readonly order: readonly QuestionName[];
}

export const nothingAsked: Asked = { answers: {}, order: [] };

/** Asks whatever is still open, one list after the other; Back takes the last answer back. Undefined for Esc. */
export async function askOpen(
  title: string,
  facts: AdviceFacts,
  from: Asked,
): Promise<Asked | undefined> {
  let asked = from;
  for (;;) {
    const open = openQuestions(facts, asked.answers);
    const [name] = open;
    if (!name) return asked;
    const step = asked.order.length + 1;
    const answer = await ask(name, { title, step, of: asked.order.length + open.length });
    if (answer === undefined) return undefined;
    asked = answer === back ? withoutLast(asked) : withAnswer(asked, name, answer);
  }
}

/** Without the last answer, so that its question is asked again. */
export function withoutLast({ answers, order }: Asked): Asked {
  const last = order.at(-1);
  const left = Object.fromEntries(Object.entries(answers).filter(([name]) => name !== last));
  return { answers: left, order: order.slice(0, -1) };
}

function withAnswer({ answers, order }: Asked, name: QuestionName, answer: string): Asked {
  return { answers: { ...answers, [name]: answer }, order: [...order, name] };
}

interface Place {
  readonly title: string;
  readonly step: number;
  readonly of: number;
}

function ask(name: QuestionName, { title, step, of }: Place) {
  const { title: question, options } = questionOf(name);
  const entries = Object.entries(options).map(([value, option]): Entry<string | typeof back> => ({
    label: option.title,
    detail: option.about,
    value,
  }));
  return chooseStep<string | typeof back>({
    ...{ title: vscode.l10n.t('{0}: {1}', title, question), placeholder: question, entries },
    ...{ step, of },
    ...(step > 1 ? { back } : {}),
  });
}
