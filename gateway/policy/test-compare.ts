/** Messages as a policy test expects them against messages as they came out, and lists in words. */
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import type { ExpectedMessage } from './test-case.ts';

export interface AskedMessage {
  readonly policy: string;
  readonly text: string;
  /** The options' texts, in order. */
  readonly options: readonly string[];
}

/** Compares texts and options of messages that are of the same policies in the same order. */
export function compareMessages(
  document: YamlDocument,
  place: Path,
  wanted: readonly ExpectedMessage[],
  messages: readonly AskedMessage[],
): void {
  for (const [index, { text, options }] of wanted.entries()) {
    const message = messages[index];
    if (message === undefined) continue;
    if (text !== undefined && text !== message.text) {
      document.report([...place, index, 'text'], `the text was ${JSON.stringify(message.text)}`);
    }
    if (options !== undefined && !sameList(options, message.options)) {
      document.report([...place, index, 'options'], `the options were ${listed(message.options)}`);
    }
  }
}

export const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));

export const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);
