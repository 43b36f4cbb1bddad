/**
 * System Messages on the wire: the list that asks and the list that answers [P5.1]. Asking before a login and asking
 * inside a session use the same two elements, so both are built and read here.
 */
import { child, children, childText, type Element, element } from './element.ts';

/** One message as a client is to show it, in its language. */
export interface SystemMessage {
  /** At most 48 characters of `[A-Za-z0-9_-]` [X12]. */
  readonly id: string;
  readonly requiresResponse: boolean;
  readonly text: string;
  /** Texts of the options in order; their AnswerOptionIDs are 1, 2, 3 … Empty: the message has none. */
  readonly options: readonly string[];
  /** The challenge whose answer proves that a human read the message. */
  readonly verificationInText?: string | undefined;
  /** Where the challenge is found instead. */
  readonly verificationUrl?: string | undefined;
}

/** One answer of a client, as it stands in the message: nothing is checked yet. */
export interface SystemMessageAnswer {
  readonly id: string;
  readonly chosenOptionId: string | undefined;
  readonly verificationKey: string | undefined;
}

export function systemMessageList(messages: readonly SystemMessage[]): Element {
  return element(
    'SystemMessageList',
    messages.map((message) =>
      element('SystemMessage', [
        element('SystemMessageID', message.id),
        element('RequiresResponse', message.requiresResponse),
        element('SystemMessageText', message.text),
        message.options.length === 0 ? undefined : answerOptions(message.options),
        verificationMechanism(message),
      ]),
    ),
  );
}

function verificationMechanism({ verificationInText, verificationUrl }: SystemMessage): Element | undefined {
  if (verificationInText !== undefined) {
    return element('VerificationMechanism', [element('InText', verificationInText)]);
  }
  return verificationUrl === undefined
    ? undefined
    : element('VerificationMechanism', [element('URL', verificationUrl)]);
}

function answerOptions(texts: readonly string[]): Element {
  return element(
    'AnswerOptions',
    texts.map((text, index) =>
      element('AnswerOption', [element('AnswerOptionID', index + 1), element('AnswerOptionText', text)]),
    ),
  );
}

/** The answers in a primitive that may carry a SystemMessageResponseList; undefined when it carries none. */
export function systemMessageAnswers(primitive: Element): readonly SystemMessageAnswer[] | undefined {
  const list = child(primitive, 'SystemMessageResponseList');
  if (list === undefined) return undefined;
  return children(list, 'SystemMessageResponse').map((response) => ({
    id: childText(response, 'SystemMessageID') ?? '',
    chosenOptionId: childText(response, 'ChosenOptionID'),
    verificationKey: childText(response, 'VerificationKey'),
  }));
}

/** What somebody reads of a message, as plain text: the text, the numbered options, the proof asked for. */
export function plainText({
  text,
  options,
  verificationInText,
}: Pick<SystemMessage, 'text' | 'options' | 'verificationInText'>): string {
  const lines = [text];
  if (options.length > 0) lines.push('', ...options.map((option, index) => `${index + 1}. ${option}`));
  if (verificationInText !== undefined) lines.push('', verificationInText);
  return `${lines.join('\n')}\n`;
}
