/**
 * A phone at a gateway whose store can fail at a single place, with or without having done what it was asked, and a VASP that
 * lets everybody in, in one phase or two. What was claimed and what reached the VASP is noted in its order.
 */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, children, childText, type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { StoreWriteError } from '../../gateway/errors.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { digestLogin, loginRequest, loginResponse, message, type Spelling } from '../gateway/messages.ts';
import { createRig, type Rig, type RigOptions, vaspAnswer } from '../transcripts/rig.ts';
import { openUnderWayInMemory } from '../transcripts/rig-stores.ts';

/** One method of what a login needs to be kept. */
export type Place = `${'negotiations' | 'waiting' | 'sessions' | 'acceptances'}.${string}`;

/** What became of what was asked: nothing, or all of it, and nobody heard so; or the program is at fault, not the store. */
export type Loss = 'not-done' | 'unheard' | 'fault';

export interface Asked {
  readonly id: string;
  readonly text: string;
  readonly options: readonly string[];
}

export interface Answer {
  readonly statusCode: number;
  readonly primitive: string;
  readonly code: string;
  readonly description: string;
  readonly asked: readonly Asked[];
  readonly tryAgain: string | undefined;
  readonly session: string | undefined;
}

export interface PhoneOptions extends Pick<RigOptions, 'onStoreLoss' | 'clients' | 'askingCode' | 'vasps'> {
  readonly policies: readonly string[];
}

export class StorelessPhone {
  readonly rig: Rig;
  readonly spelling: Spelling;
  /** `claimed` and `forwarded`, in their order. */
  readonly events: string[] = [];
  /** Where the store fails; undefined: nowhere. */
  #lost: { readonly at: (place: string) => boolean; readonly loss: Loss } | undefined;
  /** Places that failed. */
  readonly failed = new Set<string>();
  #sessions = 0;

  constructor(spelling: Spelling, { policies, ...options }: PhoneOptions) {
    this.spelling = spelling;
    const store = openMemoryStore();
    this.rig = createRig({
      clients: [{ client: '*', systemMessages: true }],
      policies: policies.map((text, index) => ({ path: `${index}.yaml`, text })),
      store: {
        ...store,
        sessions: this.#failing('sessions', store.sessions),
        acceptances: this.#failing('acceptances', store.acceptances),
      },
      openUnderWay: (parts) => {
        const underWay = openUnderWayInMemory(parts);
        return {
          ...underWay,
          negotiations: this.#failing('negotiations', underWay.negotiations),
          waiting: this.#failing('waiting', underWay.waiting),
        };
      },
      ...options,
    });
    this.rig.upstream.otherwise = ({ body }) => {
      this.events.push('forwarded');
      const isFirstPhase = childText(decodeMessage(body, spelling.encoding).transactions[0]?.primitive, 'DigestSchema');
      const answer =
        isFirstPhase === undefined
          ? loginResponse(200, `session-${++this.#sessions}`)
          : loginResponse(spelling.version === '1.3' ? 200 : 401, undefined, element('Nonce', 'nonce'));
      const bytes = message(spelling, undefined, [['1', answer]], 'Response');
      return vaspAnswer(bytes, contentTypeOf(spelling.version, spelling.encoding));
    };
  }

  /** From now on the store fails at these places; at all, where none is named. */
  lose(loss: Loss, ...places: readonly Place[]): void {
    this.#lost = { at: (name) => places.length === 0 || places.some((place) => place === name), loss };
  }

  back(): void {
    this.#lost = undefined;
  }

  get forwarded(): number {
    return this.rig.upstream.seen.length;
  }

  /** `answers`: option numbers by the ids of messages. */
  login(answers: readonly (readonly [id: string | undefined, option: number])[] = []): Promise<Answer> {
    return this.#send(loginRequest(...responses(answers)));
  }

  /** The first phase of a four-way login, or the second. */
  phase(which: 1 | 2, answers: readonly (readonly [id: string | undefined, option: number])[] = []): Promise<Answer> {
    if (which === 2) return this.#send(digestLogin());
    const { name, children: parts, text } = loginRequest(...responses(answers));
    const schema = element('DigestSchema', 'MD5');
    const first = parts.flatMap((part) => {
      if (part.name === 'Password') return [schema];
      return part.name === 'TimeToLive' ? [] : [part];
    });
    return this.#send({ name, children: first, text });
  }

  async #send(login: Element): Promise<Answer> {
    const { version, encoding } = this.spelling;
    const body = message(this.spelling, undefined, [['1', login]]);
    const reply = await this.rig.send(body, contentTypeOf(version, encoding));
    const primitive = decodeMessage(reply.body, encoding).transactions[0]?.primitive;
    const result = child(primitive, 'Result');
    const list = child(result, 'SystemMessageList');
    return {
      statusCode: reply.statusCode,
      primitive: primitive?.name ?? '',
      code: childText(result, 'Code') ?? '',
      description: childText(result, 'Description') ?? '',
      asked: list === undefined ? [] : children(list, 'SystemMessage').map(askedOf),
      tryAgain: childText(result, 'TryAgainTimeout'),
      session: childText(primitive, 'SessionID'),
    };
  }

  #failing<T extends object>(part: string, target: T): T {
    return new Proxy(target, {
      get: (_target, key) => {
        const method: unknown = Reflect.get(target, key, target);
        if (typeof method !== 'function') return method;
        return async (...args: readonly unknown[]) => {
          const place = `${part}.${String(key)}`;
          const isLost = this.#lost?.at(place) === true;
          if (isLost) this.failed.add(place);
          if (isLost && this.#lost?.loss === 'not-done') throw new StoreWriteError('EAWAY');
          if (isLost && this.#lost?.loss === 'fault') throw new TypeError('a fault of the program');
          const done: unknown = await Reflect.apply(method, target, args);
          if (isLost) throw new StoreWriteError('ETIMEDOUT');
          const [tokens] = args;
          if (place === 'negotiations.claim' && done === true && Array.isArray(tokens) && tokens.length > 0) {
            this.events.push('claimed');
          }
          return done;
        };
      },
    });
  }
}

function responses(answers: readonly (readonly [id: string | undefined, option: number])[]): readonly Element[] {
  if (answers.length === 0) return [];
  const all = answers.map(([id = '', option]) =>
    element('SystemMessageResponse', [element('SystemMessageID', id), element('ChosenOptionID', option)]),
  );
  return [element('SystemMessageResponseList', all)];
}

function askedOf(asked: Element): Asked {
  return {
    id: childText(asked, 'SystemMessageID') ?? '',
    text: childText(asked, 'SystemMessageText') ?? '',
    options: children(child(asked, 'AnswerOptions'), 'AnswerOption').map(
      (option) => childText(option, 'AnswerOptionText') ?? '',
    ),
  };
}
