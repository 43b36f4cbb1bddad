/**
 * What users write to the service contact, and what they are told [X41, X46]: an answer to the question that was shown
 * last, by its number or its text, or one of a few commands. Nothing of it reaches a VASP.
 */
import { readCommand } from '../conversation/contact-commands.ts';
import { contactWords } from '../conversation/contact-words.ts';
import { readAnswer } from '../conversation/question-text.ts';
import { STATUS } from '../csp/status.ts';
import { shownTo } from '../system-message/question.ts';
import type { Addressee, Judged } from '../system-message-ports.ts';
import type { Answers } from './answers.ts';
import type { HandingOver } from './handing-over.ts';
import type { DeskParts } from './parts.ts';
import type { Preferences } from './preferences.ts';
import type { OpenMessage } from './user-queue.ts';

const TAKEN: Judged = { status: STATUS.OK, description: undefined, effects: [], claim: undefined };

export class ServiceContact {
  readonly #parts: DeskParts;
  readonly #handing: HandingOver;
  readonly #answers: Answers;
  readonly #preferences: Preferences;

  constructor(parts: DeskParts, handing: HandingOver, answers: Answers, preferences: Preferences) {
    this.#parts = parts;
    this.#handing = handing;
    this.#answers = answers;
    this.#preferences = preferences;
  }

  /** Takes a text; what the user is told comes as messages. */
  async wrote(addressee: Addressee, text: string): Promise<Judged> {
    const questions = this.#handing.questionsIn(addressee);
    for (const message of questions) {
      const option = this.#optionIn(addressee, message, text);
      if (option !== undefined) return this.#answers.takeOption(addressee, message, option);
    }
    const command = readCommand(text);
    if (command !== undefined) {
      await this.#obey(addressee, command);
      return TAKEN;
    }
    // Any word answers a message that has no options.
    const open = questions.find(({ policy }) => policy.options.length === 0);
    if (open !== undefined) return this.#answers.takeOption(addressee, open, undefined);
    const words = contactWords(this.#handing.languageFor(addressee));
    this.#handing.tell(
      addressee,
      questions.length > 0 ? words.noSuchOption : words.notUnderstood(this.#page(addressee)),
    );
    return TAKEN;
  }

  #optionIn(addressee: Addressee, { policy, record, about }: OpenMessage, text: string): string | undefined {
    if (policy.options.length === 0) return undefined;
    return readAnswer(text, shownTo(addressee, policy, record.id, about).message, undefined).chosenOptionId;
  }

  async #obey(addressee: Addressee, command: NonNullable<ReturnType<typeof readCommand>>): Promise<void> {
    const { userKey, facts } = addressee;
    const words = contactWords(this.#handing.languageFor(addressee));
    const tell = (text: string): void => this.#handing.tell(addressee, text);
    switch (command) {
      case 'help':
        tell(words.help(this.#page(addressee)));
        break;
      case 'help-status': {
        const { help } = await this.#preferences.settings(userKey);
        tell(help === 'on' ? words.helpIsOn : words.helpIsOff);
        break;
      }
      case 'help-on':
        await this.#preferences.setHelp(userKey, 'on');
        tell(words.helpTurnedOn);
        break;
      case 'help-off':
        await this.#preferences.setHelp(userKey, 'off');
        tell(words.helpTurnedOff);
        break;
      case 'inbox': {
        const count = await this.#preferences.sendInbox(userKey, facts.vasp);
        tell(count === 0 ? words.inboxIsEmpty : words.inboxFollows(count));
        break;
      }
    }
  }

  #page({ userKey, facts }: Addressee): string | undefined {
    return this.#parts.selfCareUrl({ userKey, vasp: facts.vasp });
  }
}
