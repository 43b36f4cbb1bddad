/**
 * System Messages as a phone sees them [P5]: read from a list, shown in parts, answered in the order asked. Option ids are
 * the server's and may be anything; the user chooses by position or by text.
 */
import { child, children, childText, type Element, element } from '../../csp/element.ts';

export interface AskedMessage {
  readonly id: string;
  readonly requiresResponse: boolean;
  readonly text: string;
  readonly options: readonly { readonly id: string; readonly text: string }[];
  /** How to get the key that proves that a human read the message. */
  readonly verification: { readonly inText: string | undefined; readonly url: string | undefined } | undefined;
}

export interface Choice {
  /** An AnswerOptionID; undefined for a message without options. */
  readonly optionId?: string | undefined;
  /** What the user typed as proof of reading. */
  readonly key?: string | undefined;
}

/** One choice a message, in order, undefined for one that is left alone; nothing at all: the user gave up. */
export type Choices = readonly (Choice | undefined)[] | undefined;
export type Answerer = (messages: readonly AskedMessage[]) => Choices | Promise<Choices>;

/** The messages in a primitive: in its Result, or in the primitive itself. */
export function askedMessages(primitive: Element): readonly AskedMessage[] {
  const list = child(child(primitive, 'Result'), 'SystemMessageList') ?? child(primitive, 'SystemMessageList');
  return children(list, 'SystemMessage').map((message) => {
    const mechanism = child(message, 'VerificationMechanism');
    return {
      id: childText(message, 'SystemMessageID') ?? '',
      requiresResponse: childText(message, 'RequiresResponse') === 'T',
      text: childText(message, 'SystemMessageText') ?? '',
      options: children(child(message, 'AnswerOptions'), 'AnswerOption').map((option) => ({
        id: childText(option, 'AnswerOptionID') ?? '',
        text: childText(option, 'AnswerOptionText') ?? '',
      })),
      verification:
        mechanism === undefined
          ? undefined
          : { inText: childText(mechanism, 'InText'), url: childText(mechanism, 'URL') },
    };
  });
}

/** The SystemMessageResponseList for the choices that were made. */
export function responseList(messages: readonly AskedMessage[], choices: readonly (Choice | undefined)[]): Element {
  return element(
    'SystemMessageResponseList',
    messages.map((message, index) => {
      const choice = choices[index];
      if (choice === undefined) return undefined;
      return element('SystemMessageResponse', [
        element('SystemMessageID', message.id),
        choice.optionId === undefined ? undefined : element('ChosenOptionID', choice.optionId),
        choice.key === undefined ? undefined : element('VerificationKey', choice.key),
      ]);
    }),
  );
}

/** Whether there is something to answer: to be read is all that the others want. */
export function needsChoice({ options, requiresResponse }: AskedMessage): boolean {
  return options.length > 0 || requiresResponse;
}

/** What a phone shows at first; the rest comes by asking for more. */
export const FIRST_SCREEN_CHARACTERS = 128;

/** A text cut into what is shown at first and the rest, never inside a character. */
export function firstScreen(text: string): { readonly shown: string; readonly rest: string } {
  const characters = [...text];
  return {
    shown: characters.slice(0, FIRST_SCREEN_CHARACTERS).join(''),
    rest: characters.slice(FIRST_SCREEN_CHARACTERS).join(''),
  };
}

/** Why a written answer cannot be used. */
export interface UnusableAnswer {
  readonly kind: 'unusable';
  readonly message: AskedMessage;
  readonly answer: string;
}

/**
 * The choice that one written answer stands for: a number, an option's text or a part of it, then `:KEY` when a key is
 * wanted. A message without options takes any answer as "seen".
 */
export function choiceOf(message: AskedMessage, answer: string): Choice | UnusableAnswer {
  const colon = answer.lastIndexOf(':');
  const wantsKey = message.verification !== undefined && colon !== -1;
  const key = wantsKey ? answer.slice(colon + 1).trim() : undefined;
  const wanted = (wantsKey ? answer.slice(0, colon) : answer).trim().toLowerCase();
  if (message.options.length === 0) return { key };
  const option = /^\d+$/.test(wanted) ? message.options[Number(wanted) - 1] : optionByText(message, wanted);
  return option === undefined ? { kind: 'unusable', message, answer } : { optionId: option.id, key };
}

function optionByText({ options }: AskedMessage, wanted: string): { readonly id: string } | undefined {
  if (wanted === '') return undefined;
  const tests: ((text: string) => boolean)[] = [
    (text) => text === wanted,
    (text) => text.startsWith(wanted),
    (text) => text.split(/\P{L}+/u).includes(wanted),
    (text) => text.includes(wanted),
  ];
  for (const test of tests) {
    const option = options.find(({ text }) => test(text.toLowerCase()));
    if (option !== undefined) return option;
  }
  return undefined;
}
