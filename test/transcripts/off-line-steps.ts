/**
 * The steps of messages to users who are away: each stands for plain steps in the words of the version, which are played in
 * its place.
 */
import type { CspVersion } from '../../gateway/csp/versions.ts';
import type { PlainStep } from './conversation-steps.ts';

type Groups = Readonly<Record<string, string | undefined>>;

/** The plain steps that a line stands for; undefined when it speaks of no such message. */
export function offLineSteps(line: string, version: CspVersion): readonly PlainStep[] | undefined {
  for (const [form, expand] of FORMS) {
    const groups = form.exec(line)?.groups;
    if (groups !== undefined) return expand(groups, version);
  }
  return undefined;
}

const FORMS: readonly (readonly [RegExp, (groups: Groups, version: CspVersion) => readonly PlainStep[]])[] = [
  [
    /^(?<who>\w+) writes(?<report> wanting a report)?(?: for (?<seconds>\d+) s)? to (?<to>\S+(?:, \S+)*): (?<text>.+)$/,
    ({ who, report, seconds, to = '', text = '' }) => [
      [
        `${who} sends:`,
        `<SendMessage-Request><DeliveryReport>${report === undefined ? 'F' : 'T'}</DeliveryReport>` +
          `<MessageInfo><ContentType>text/plain</ContentType><ContentEncoding>None</ContentEncoding><ContentSize>${text.length}</ContentSize>` +
          `<Recipient>${users(to)}</Recipient><Sender>${users(`{${who}.user}`)}</Sender>${leaf('Validity', seconds)}</MessageInfo>` +
          `<ContentData>${text}</ContentData></SendMessage-Request>`,
      ],
    ],
  ],
  [
    /^(?<vasp>\w+) says of (?<who>\w+)'s message: (?<code>\d+)$/,
    ({ vasp, who, code }) => [
      [`${vasp} receives ${who}'s message unchanged`, ''],
      [`${vasp} answers:`, `<SendMessage-Response>${result(code)}</SendMessage-Response>`],
    ],
  ],
  [
    /^(?<who>\w+) is told that it is kept as (?<id>\{\w+\})$/,
    ({ who, id }) => [
      [
        `${who} receives:`,
        `<SendMessage-Response><Result><Code>200</Code>{any}</Result><MessageID>sapgw.mail.${id}</MessageID></SendMessage-Response>`,
      ],
    ],
  ],
  [
    /^(?<who>\w+) is told (?<code>\d+) of it$/,
    ({ who, code }) => [
      [`${who} receives:`, `<SendMessage-Response><Result><Code>${code}</Code>{any}</Result></SendMessage-Response>`],
    ],
  ],
  [
    /^(?<who>\w+) comes to (?<vasp>\w+)(?<asking>, which is asked)?$/,
    ({ who, vasp, asking = '' }) => [
      [`${who} logs in`, ''],
      [`${vasp} receives ${who}'s login unchanged`, ''],
      [`${vasp} lets ${who} in`, ''],
      [`${who} is in`, ''],
      [`${who} agrees with ${vasp} on everything${asking}`, ''],
    ],
  ],
  [
    /^(?<who>\w+) agrees with (?<vasp>\w+) on everything(?<asking>, which is asked)?$/,
    ({ who, vasp, asking }, version) => {
      const client = version === '1.1' ? `<ClientID><URL>{${who}.client}</URL></ClientID>` : '';
      return [
        [
          `${who} sends:`,
          `<Service-Request>${client}<Functions><WVCSPFeat/></Functions><AllFunctionsRequest>F</AllFunctionsRequest></Service-Request>`,
        ],
        [`${vasp} receives ${who}'s message unchanged`, ''],
        [`${vasp} answers:`, `<Service-Response>${client}</Service-Response>`],
        ...(asking === undefined ? [[`${who} receives:`, '<Service-Response>{any}</Service-Response>'] as const] : []),
      ];
    },
  ],
  [
    /^(?<who>\w+) has agreed, with Poll (?<poll>[TF])$/,
    ({ who, poll }) => [[`${who} receives with Poll ${poll}:`, '<Service-Response>{any}</Service-Response>']],
  ],
  [
    /^(?<vasp>\w+) is asked for the lists: (?:blocks (?<blocked>nobody|\S+(?:, \S+)*)|lets only (?<granted>\S+(?:, \S+)*) write|(?<code>\d+))$/,
    ({ vasp, blocked, granted, code }, version) => [
      [`${vasp} receives:`, '<GetBlockedList-Request/>'],
      [`${vasp} answers:`, code === undefined ? lists(version, blocked, granted) : `<Status>${result(code)}</Status>`],
    ],
  ],
  [/^(?<vasp>\w+) is asked for the lists$/, ({ vasp }) => [[`${vasp} receives:`, '<GetBlockedList-Request/>']]],
  [
    /^(?<who>\w+) gets (?<id>\{\w+\}) of (?<from>\w+)(?: with Poll (?<poll>[TF]))?: (?<text>.+)$/,
    ({ who, id, from, poll, text }) => [
      [
        `${who} receives${flag(poll)}:`,
        `<NewMessage>${info(id, who, from)}<ContentData>${text}</ContentData></NewMessage>`,
      ],
    ],
  ],
  [
    /^(?<who>\w+) is notified of (?<id>\{\w+\}) of (?<from>\w+)(?: with Poll (?<poll>[TF]))?$/,
    ({ who, id, from, poll }) => [
      [`${who} receives${flag(poll)}:`, `<MessageNotification>${info(id, who, from)}</MessageNotification>`],
    ],
  ],
  [
    /^(?<who>\w+) fetches (?<id>\{\w+\})$/,
    ({ who, id }) => [
      [`${who} sends:`, `<GetMessage-Request><MessageID>sapgw.mail.${id}</MessageID></GetMessage-Request>`],
    ],
  ],
  [
    /^(?<who>\w+) has fetched (?<id>\{\w+\}) of (?<from>\w+): (?<text>.+)$/,
    ({ who, id, from, text }) => [
      [
        `${who} receives:`,
        `<GetMessage-Response>${info(id, who, from)}<ContentData>${text}</ContentData></GetMessage-Response>`,
      ],
    ],
  ],
  [
    /^(?<who>\w+) has (?<id>\{\w+\})(?<how>(?: with id \S+)?)$/,
    ({ who, id, how }) => [
      [`${who} sends${how}:`, `<MessageDelivered><MessageID>sapgw.mail.${id}</MessageID></MessageDelivered>`],
    ],
  ],
  [
    /^(?<who>\w+) rejects (?<ids>\{\w+\}(?:, \{\w+\})*)$/,
    ({ who, ids = '' }) => [[`${who} sends:`, `<RejectMessage-Request>${mailIds(ids)}</RejectMessage-Request>`]],
  ],
  [
    /^(?<who>\w+) asks (?<vasp>\w+) for the list of messages$/,
    ({ who, vasp }, version) => [
      [`${who} sends:`, '<GetMessageList-Request/>'],
      [`${vasp} receives ${who}'s message unchanged`, ''],
      [
        `${vasp} answers:`,
        version === '1.3'
          ? '<GetMessageList-Response><MessageInfoList/></GetMessageList-Response>'
          : '<GetMessageList-Response/>',
      ],
    ],
  ],
  [
    /^(?<who>\w+) sees (?:(?<ids>\{\w+\}(?:, \{\w+\})*)|nothing) of (?<from>\w+) in the list$/,
    ({ who, ids, from }, version) => {
      const infos = (ids?.split(/,\s*/) ?? []).map((id) => info(id, who, from)).join('');
      const list = version === '1.3' ? `<MessageInfoList>${infos}</MessageInfoList>{any}` : infos;
      return [[`${who} receives:`, `<GetMessageList-Response>${list}</GetMessageList-Response>`]];
    },
  ],
  [
    /^(?<who>\w+) is reported (?<code>\d+) of (?<id>\{\w+\}) to (?<to>\S+?)(?: with Poll (?<poll>[TF]))?$/,
    ({ who, code, id, to, poll }, version) => {
      const time = version === '1.1' ? '' : '<DeliveryTime>{any}</DeliveryTime>';
      return [
        [
          `${who} receives${flag(poll)}:`,
          `<DeliveryReport-Request><Result><Code>${code}</Code>{any}</Result>${time}<MessageInfo><MessageID>sapgw.mail.${id}</MessageID>{any}<Recipient>${users(to ?? '')}</Recipient><Sender>${users(`{${who}.user}`)}</Sender>{any}</MessageInfo></DeliveryReport-Request>`,
        ],
      ];
    },
  ],
];

function flag(poll: string | undefined): string {
  return poll === undefined ? '' : ` with Poll ${poll}`;
}

function leaf(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${text}</${name}>`;
}

function result(code: string | undefined): string {
  return `<Result><Code>${code}</Code></Result>`;
}

function users(ids: string): string {
  return ids
    .split(/,\s*/)
    .map((id) => `<User><UserID>${id}</UserID></User>`)
    .join('');
}

function mailIds(ids: string): string {
  return ids
    .split(/,\s*/)
    .map((id) => `<MessageID>sapgw.mail.${id}</MessageID>`)
    .join('');
}

/** Of a kept message, as its recipient sees it. */
function info(id: string | undefined, who: string | undefined, from: string | undefined): string {
  return `<MessageInfo><MessageID>sapgw.mail.${id}</MessageID>{any}<Recipient>${users(`{${who}.user}`)}</Recipient><Sender>${users(`{${from}.user}`)}</Sender><DateTime>{any}</DateTime><Validity>{any}</Validity></MessageInfo>`;
}

function lists(version: CspVersion, blocked: string | undefined, granted: string | undefined): string {
  const list = (name: string, ids: string | undefined): string => {
    const isInUse = ids === undefined ? 'F' : 'T';
    const entries = (ids ?? 'nobody') === 'nobody' ? [] : (ids ?? '').split(/,\s*/);
    const entities =
      entries.length === 0 ? '' : `<EntityList>${entries.map((one) => leaf('UserID', one)).join('')}</EntityList>`;
    return version === '1.3'
      ? `<${name}>${entities}</${name}><${name}InUse>${isInUse}</${name}InUse>`
      : `<${name}><InUse>${isInUse}</InUse>${entities}</${name}>`;
  };
  return `<GetBlockedList-Response>${list('BlockList', blocked)}${list('GrantList', granted)}</GetBlockedList-Response>`;
}
