import type { AdviceFacts } from './facts';

/** A question of the advisor, with all its answers. */
export interface Question {
  readonly title: string;
  readonly options: Readonly<Record<string, { readonly title: string; readonly about: string }>>;
}

/** The five questions, in the order they are asked. */
const questions = {
  target: {
    title: 'Where will it run?',
    options: {
      cpu: { title: 'On a processor', about: 'Server, desktop or laptop, with ONNX Runtime.' },
      gpu: { title: 'On a graphics card', about: 'ONNX Runtime with CUDA, DirectML or TensorRT.' },
      browser: { title: 'In a browser', about: 'ONNX Runtime Web: the file is downloaded first.' },
      mobile: { title: 'On a phone or a small computer', about: 'ONNX Runtime on ARM.' },
      micro: { title: 'On a microcontroller', about: 'Kilobytes of memory, no operating system.' },
    },
  },
  goal: {
    title: 'What matters more?',
    options: {
      latency: { title: 'Speed', about: 'The time that one run takes.' },
      size: { title: 'Size', about: 'The bytes of the file: storage, download, memory.' },
      both: { title: 'Both', about: 'Smaller and faster at once.' },
    },
  },
  loss: {
    title: 'How much loss is tolerable?',
    options: {
      none: { title: 'None', about: 'The answers stay what they are, but for rounding.' },
      small: { title: 'A little', about: 'An answer may change where it was a close call.' },
      some: { title: 'Some', about: 'A much smaller model is worth an answer now and then.' },
    },
  },
  data: {
    title: 'Is there data to run it on?',
    options: {
      yes: { title: 'Yes', about: 'A hundred inputs of the real kind are enough.' },
      no: { title: 'No', about: 'Only what needs none is proposed.' },
    },
  },
  training: {
    title: 'May it be trained again?',
    options: {
      yes: { title: 'Yes', about: 'There are the training data and the program that trained it.' },
      no: { title: 'No', about: 'The weights are what there is.' },
    },
  },
} as const satisfies Record<string, Question>;

export type QuestionName = keyof typeof questions;
export const questionNames = Object.keys(questions) as readonly QuestionName[];

type OptionOf<Q extends QuestionName> = keyof (typeof questions)[Q]['options'];

/** What was answered so far. */
export type Answers = { readonly [Q in QuestionName]?: OptionOf<Q> };
export type AllAnswers = Required<Answers>;

/** What is taken for a question that nobody answered: the careful side. */
const assumed: AllAnswers = {
  target: 'cpu',
  goal: 'both',
  loss: 'small',
  data: 'no',
  training: 'no',
};

export function questionOf(name: QuestionName): Question {
  return questions[name];
}

/** The answers with what the model's facts tell, and with assumptions for the rest. */
export function completed(facts: AdviceFacts, answers: Answers): AllAnswers {
  const told: Answers = facts.traits.data ? { data: 'yes' } : {};
  return { ...assumed, ...answers, ...told };
}

/** The questions that are still to be asked, in order: not those whose answer would change nothing. */
export function openQuestions(facts: AdviceFacts, answers: Answers): readonly QuestionName[] {
  const isDecided = answers.target === 'micro' || facts.compressible.layers === 0;
  const needless: Partial<Record<QuestionName, boolean>> = {
    goal: isDecided,
    loss: isDecided,
    data: isDecided || facts.traits.data,
    training: isDecided,
  };
  return questionNames.filter((name) => answers[name] === undefined && !needless[name]);
}
