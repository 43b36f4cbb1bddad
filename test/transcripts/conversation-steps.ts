/** The steps of conversations with the service contact: each stands for several plain steps, which are played in its place. */

/** A step as it could stand in a transcript: the line, and the indented lines below it. */
export type PlainStep = readonly [line: string, block: string];

let questions = 0;

/** The plain steps that a line stands for; undefined when it speaks of no conversation. */
export function conversationSteps(line: string): readonly PlainStep[] | undefined {
  for (const [form, expand] of FORMS) {
    const groups = form.exec(line)?.groups;
    if (groups !== undefined) return expand(groups);
  }
  return undefined;
}

type Groups = Readonly<Record<string, string | undefined>>;

const FORMS: readonly (readonly [RegExp, (groups: Groups) => readonly PlainStep[]])[] = [
  [
    /^(?<who>\w+) starts to converse$/,
    ({ who }) => [
      [
        `${who} receives:`,
        `<Login-Response><ClientID><URL>{${who}.client}</URL></ClientID><Result><Code>200</Code>{any}</Result><SessionID>sapgw-waiting.{any}</SessionID><KeepAliveTime>{any}</KeepAliveTime><CapabilityRequest>T</CapabilityRequest></Login-Response>`,
      ],
    ],
  ],
  [
    /^(?<who>\w+) writes to (?<to>\S+(?:, \S+)*): (?<text>.+)$/,
    ({ who, to = '', text = '' }) => {
      const recipients = to.split(/,\s*/).map((user) => `<User><UserID>${user}</UserID></User>`);
      return [
        [
          `${who} sends:`,
          `<SendMessage-Request><DeliveryReport>F</DeliveryReport><MessageInfo><ContentType>text/plain</ContentType><ContentEncoding>None</ContentEncoding><ContentSize>${text.length}</ContentSize><Recipient>${recipients.join('')}</Recipient><Sender><User><UserID>{${who}.user}</UserID></User></Sender></MessageInfo><ContentData>${escaped(text)}</ContentData></SendMessage-Request>`,
        ],
      ];
    },
  ],
  [
    /^(?<who>\w+) is understood$/,
    ({ who }) => [
      [
        `${who} receives:`,
        '<SendMessage-Response><Result><Code>200</Code></Result><MessageID>{any}</MessageID></SendMessage-Response>',
      ],
    ],
  ],
  [
    /^(?<who>\w+) polls the question of (?<from>\S+): (?<text>.+)$/,
    ({ who, from, text = '' }) => {
      const id = `question-${++questions}`;
      return [
        [`${who} sends:`, '<Polling-Request/>'],
        [
          `${who} receives:`,
          `<NewMessage><MessageInfo><MessageID>{${id}}</MessageID><ContentType>text/plain</ContentType><ContentEncoding>None</ContentEncoding><ContentSize>{any}</ContentSize><Recipient><User><UserID>{${who}.user}</UserID></User></Recipient><Sender><User><UserID>${from}</UserID></User></Sender><DateTime>{any}</DateTime></MessageInfo><ContentData>${escaped(text)}</ContentData></NewMessage>`,
        ],
        [`${who} sends:`, `<MessageDelivered><MessageID>{${id}}</MessageID></MessageDelivered>`],
        [`${who} receives:`, '<Status><Result><Code>200</Code></Result></Status>'],
      ];
    },
  ],
  [
    /^(?<who>\w+) polls the end: (?<text>.+)$/,
    ({ who, text = '' }) => [
      [`${who} sends:`, '<Polling-Request/>'],
      [
        `${who} receives:`,
        `<Disconnect><Result><Code>601</Code><Description>${escaped(text)}</Description></Result></Disconnect>`,
      ],
      [`${who} sends:`, '<Status><Result><Code>200</Code></Result></Status>'],
      [`${who} receives nothing`, ''],
    ],
  ],
];

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
