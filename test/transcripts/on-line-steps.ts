/** The steps of messages to users in their sessions: each stands for plain steps, which are played in its place. */
import type { PlainStep } from './conversation-steps.ts';

type Groups = Readonly<Record<string, string | undefined>>;

/** The plain steps that a line stands for; undefined when it speaks of no such message. */
export function onLineSteps(line: string): readonly PlainStep[] | undefined {
  for (const [form, expand] of FORMS) {
    const groups = form.exec(line)?.groups;
    if (groups !== undefined) return expand(groups);
  }
  return undefined;
}

const FORMS: readonly (readonly [RegExp, (groups: Groups) => readonly PlainStep[]])[] = [
  [/^(?<who>\w+) polls$/, ({ who }) => [[`${who} sends:`, '<Polling-Request/>']]],
  [
    /^(?<vasp>\w+) has nothing$/,
    ({ vasp }) => [
      [`${vasp} receives:`, '<Polling-Request/>'],
      [`${vasp} answers nothing`, ''],
    ],
  ],
  [
    /^(?<who>\w+) (?<how>is shown|must answer) (?<id>\{\w+\})(?: with Poll (?<poll>[TF]))?: (?<text>.+?)(?: \[(?<options>.+)\])?$/,
    ({ who, how, id, poll, text = '', options }) => [
      [
        `${who} receives${flag(poll)}:`,
        `<SystemMessage-Request>${systemMessageList(id, how === 'must answer', text, options)}</SystemMessage-Request>`,
      ],
    ],
  ],
  [
    /^(?<who>\w+) is to answer (?<id>\{\w+\}) first(?: with Poll (?<poll>[TF]))?: (?<text>.+?)(?: \[(?<options>.+)\])?$/,
    ({ who, id, poll, text = '', options }) => [
      [
        `${who} receives${flag(poll)}:`,
        `<Status><Result><Code>403</Code><Description>${text}</Description>${systemMessageList(id, true, text, options)}</Result></Status>`,
      ],
    ],
  ],
  [
    /^(?<who>\w+) is written (?<id>\{\w+\})(?: with Poll (?<poll>[TF]))?: (?<text>.+)$/,
    ({ who, id, poll, text }) => [
      [
        `${who} receives${flag(poll)}:`,
        `<NewMessage><MessageInfo><MessageID>${id}</MessageID>{any}<Recipient><User><UserID>{${who}.user}</UserID></User></Recipient><Sender><User><UserID>wv:service@im.example</UserID></User></Sender>{any}</MessageInfo><ContentData>${text}</ContentData></NewMessage>`,
      ],
    ],
  ],
  [/^(?<who>\w+) confirms$/, ({ who }) => [[`${who} sends:`, '<Status><Result><Code>200</Code></Result></Status>']]],
  [
    /^(?<who>\w+) confirms (?<id>\{\w+\})(?<how>(?: with id \S+)?)$/,
    ({ who, id, how }) => [
      [`${who} sends${how}:`, `<MessageDelivered><MessageID>${id}</MessageID></MessageDelivered>`],
    ],
  ],
  [
    /^(?<who>\w+) chooses (?<option>\S+) of (?<id>\S+?)(?<how>(?: with id \S+)?(?: as \w+)?)$/,
    ({ who, option, id, how }) => {
      const chosen = option === 'nothing' ? '' : `<ChosenOptionID>${option}</ChosenOptionID>`;
      return [
        [
          `${who} sends${how}:`,
          `<SystemMessage-User><SystemMessageResponseList><SystemMessageResponse><SystemMessageID>${id}</SystemMessageID>${chosen}</SystemMessageResponse></SystemMessageResponseList></SystemMessage-User>`,
        ],
      ];
    },
  ],
  [
    /^(?<who>\w+) gets 200(?: with id (?<ids>\S+))?(?: with Poll (?<poll>[TF]))?$/,
    ({ who, ids, poll }) => [
      [
        `${who} receives${ids === undefined ? '' : ` with id ${ids}`}${flag(poll)}:`,
        '<Status><Result><Code>200</Code></Result></Status>',
      ],
    ],
  ],
  [
    /^(?<who>\w+) is in, with Poll (?<poll>[TF])$/,
    ({ who, poll }) => [[`${who} receives${flag(poll)}:`, '<Login-Response>{any}</Login-Response>']],
  ],
];

function flag(poll: string | undefined): string {
  return poll === undefined ? '' : ` with Poll ${poll}`;
}

function systemMessageList(
  id: string | undefined,
  requiresResponse: boolean,
  text: string,
  options: string | undefined,
): string {
  const texts = options?.split(/,\s*/) ?? [];
  const answers = texts.map(
    (option, index) =>
      `<AnswerOption><AnswerOptionID>${index + 1}</AnswerOptionID><AnswerOptionText>${option}</AnswerOptionText></AnswerOption>`,
  );
  const list = answers.length === 0 ? '' : `<AnswerOptions>${answers.join('')}</AnswerOptions>`;
  return `<SystemMessageList><SystemMessage><SystemMessageID>${id}</SystemMessageID><RequiresResponse>${requiresResponse ? 'T' : 'F'}</RequiresResponse><SystemMessageText>${text}</SystemMessageText>${list}</SystemMessage></SystemMessageList>`;
}
