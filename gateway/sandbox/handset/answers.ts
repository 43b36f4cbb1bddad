/**
 * Answers given beforehand, for a handset without a person: to what is asked before the login, to what is asked in a
 * conversation, and to what is asked in the session, all from one list in its order.
 */
import { type Answerer, type AskedMessage, type Choice, choiceOf } from './asking.ts';
import type { Report } from './report.ts';

export class GivenAnswers {
  /** An answer fitted none of the options. */
  hadUnusable = false;
  readonly #answers: readonly string[];
  readonly #emit: (report: Report) => void;
  #next = 0;

  constructor(answers: readonly string[], emit: (report: Report) => void) {
    this.#answers = answers;
    this.#emit = emit;
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#answers.length;
  }

  /** The next one, the last again when there are no more; undefined when there never was any. */
  next(): string | undefined {
    const answer = this.#answers[Math.min(this.#next, this.#answers.length - 1)];
    this.#next += 1;
    return answer;
  }

  /**
   * Answers a question before the login: at the list's end the last answer serves for all further messages of the same
   * question, and a question that is repeated after that is given up on.
   */
  atLogin(): Answerer {
    let used = false;
    return (messages) => {
      this.#emit({ event: 'asked', messages });
      if (used && this.isAtEnd) return undefined;
      used = true;
      return this.choices(messages);
    };
  }

  /** One choice a message; undefined when one of them cannot be made. */
  choices(messages: readonly AskedMessage[]): readonly Choice[] | undefined {
    const choices: Choice[] = [];
    for (const message of messages) {
      const answer = this.next() ?? '';
      const choice = choiceOf(message, answer);
      if ('kind' in choice) {
        this.#emit({ event: 'unusable-answer', answer, options: message.options.map(({ text }) => text) });
        this.hadUnusable = true;
        return undefined;
      }
      choices.push(choice);
    }
    return choices;
  }
}
