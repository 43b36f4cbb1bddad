/**
 * What the handset tells its user, as data for programs (one JSON object a line) and as lines that a person reads. Every
 * refusal is shown with its code and, where one is known, with what to try next.
 */
import { codesOfVersion, type ServiceSet, serviceSetOf } from '../../csp/service-tree.ts';
import type { CspVersion } from '../../csp/versions.ts';
import { type AskedMessage, firstScreen } from './asking.ts';
import type { HandsetEvent } from './events.ts';
import type { HandsetErrorCode } from './transport.ts';

export type Report =
  | { readonly event: 'asked'; readonly messages: readonly AskedMessage[] }
  | {
      readonly event: 'logged-in';
      readonly user: string;
      readonly keepAliveSeconds: number | undefined;
      /** Words for whole features, codes for the rest. */
      readonly notAvailable: readonly string[];
    }
  | { readonly event: 'refused'; readonly code: number; readonly description: string }
  | { readonly event: 'unanswered'; readonly code: number; readonly description: string }
  | { readonly event: 'unusable-answer'; readonly answer: string; readonly options: readonly string[] }
  | {
      readonly event: 'sent' | 'not-sent';
      readonly to: string;
      readonly code: number;
      readonly description: string;
      readonly messageId: string | undefined;
    }
  | { readonly event: 'received'; readonly received: HandsetEvent }
  /** To what was asked inside the session. */
  | { readonly event: 'answered' | 'not-taken'; readonly code: number; readonly description: string }
  /** What a command has to say. */
  | { readonly event: 'said'; readonly text: string }
  | { readonly event: 'logged-out' }
  | { readonly event: 'failed'; readonly code: HandsetErrorCode; readonly message: string };

const FEATURES: readonly (readonly [name: string, words: string])[] = [
  ['IMFeat', 'messages'],
  ['PresenceFeat', 'presence and contacts'],
  ['GroupFeat', 'groups'],
  ['FundamentalFeat', 'search and invitations'],
];

/** Words for features that are wholly missing, then the codes of what else is. */
export function notAvailable(missing: ServiceSet, version: CspVersion): string[] {
  let rest = missing;
  const words: string[] = [];
  for (const [name, text] of FEATURES) {
    const whole = serviceSetOf(name)?.meet(codesOfVersion(version));
    if (whole === undefined || !whole.minus(missing).isEmpty) continue;
    words.push(text);
    rest = rest.minus(whole);
  }
  return [...words, ...rest.codes()];
}

/** How the gateway's MessageIDs begin: it has the message, and not the service behind it [X63]. */
const KEPT_PREFIX = 'sapgw.mail.';

const MEANING: ReadonlyMap<number, string> = new Map([
  [403, 'forbidden'],
  [408, 'the question was not answered in time'],
  [409, 'wrong password; check --password'],
  [501, 'the service does not know that'],
  [503, 'the service is not there at the moment'],
  [504, 'the service gave no answer in time'],
  [506, 'that is not part of what you agreed to'],
  [507, 'there is no more room for messages to this recipient; try again later'],
  [531, 'there is no such user; check the address'],
  [532, 'the recipient has blocked you'],
  [533, 'the recipient is not logged in'],
  [538, 'it was refused'],
  [541, 'it was sent on to somebody else'],
  [542, 'its time was over before it could be delivered'],
  [543, 'no digest that both sides know; leave --four-way away'],
  [600, 'the session has expired'],
  [601, 'the service ended the session'],
  [604, 'the session is gone'],
]);

function reason(code: number, description: string): string {
  return `${code} ${description === '' ? (MEANING.get(code) ?? 'no reason given') : description}`;
}

const NEXT_STEP: Readonly<Record<HandsetErrorCode, string>> = {
  UNREACHABLE: 'Start the gateway with `npm start`, or give its address with --url.',
  TIMEOUT: 'Is the service behind the gateway up? Its log says more.',
  BROKEN: 'Try again; if it happens again, is --url the address for clients?',
  HTTP_STATUS: 'Is --url the address for clients, path included?',
  NOT_AN_ANSWER: 'Is --url the address for clients? --trace shows what is exchanged.',
  NOT_LOGGED_IN: 'Log in again.',
};

/** The lines a person reads. */
export function linesOf(report: Report): string[] {
  switch (report.event) {
    case 'asked':
      return report.messages.flatMap((message, index) => messageLines(message, index, report.messages.length));
    case 'logged-in': {
      const missing = report.notAvailable.length === 0 ? [] : [`Not available: ${report.notAvailable.join(', ')}.`];
      return [`Logged in as ${report.user}.`, ...missing];
    }
    case 'refused':
      return [`Login refused: ${reason(report.code, report.description)}`];
    case 'unanswered':
      return [`Not logged in, the messages are not answered: ${reason(report.code, report.description)}`];
    case 'unusable-answer':
      return [
        `"${report.answer}" is none of the options: ${report.options.map((text, at) => `${at + 1} ${text}`).join(', ')}.`,
        'Answer by number or by a part of the text; one answer a message, with a comma between.',
      ];
    case 'sent':
      return [
        report.messageId?.startsWith(KEPT_PREFIX) === true
          ? `Kept for ${report.to}, who is off-line.`
          : `Sent to ${report.to}.`,
      ];
    case 'not-sent':
      return [`Not sent to ${report.to}: ${reason(report.code, report.description)}`];
    case 'received':
      return eventLines(report.received);
    case 'answered':
      return ['Answered.'];
    case 'not-taken':
      return [`Not taken: ${reason(report.code, report.description)}`];
    case 'said':
      return [report.text];
    case 'logged-out':
      return ['Logged out.'];
    case 'failed':
      return [`No luck: ${report.message}.`, NEXT_STEP[report.code]];
  }
}

/** A System Message that came inside the session. */
function sessionMessageLines(message: AskedMessage): string[] {
  return [sessionHeadline(message), ...message.text.split('\n'), ...optionLines(message)];
}

export function sessionHeadline({ options, requiresResponse }: AskedMessage): string {
  if (requiresResponse) return '-- The service asks, and needs an answer:';
  return options.length === 0 ? '-- The service says:' : '-- The service asks:';
}

/** A System Message with its whole text, for a reader who cannot ask for more. */
function messageLines(message: AskedMessage, index: number, count: number): string[] {
  const { shown, rest } = firstScreen(message.text);
  return [headline(index, count), ...`${shown}${rest}`.split('\n'), ...optionLines(message)];
}

export function headline(index: number, count: number): string {
  return count === 1 ? '-- The service asks:' : `-- The service asks (${index + 1} of ${count}):`;
}

export function optionLines({ options, verification }: AskedMessage): string[] {
  return [
    ...options.map(({ text }, index) => `  ${index + 1}) ${text}`),
    ...(verification === undefined ? [] : [`  key: ${verification.inText ?? verification.url ?? ''}`]),
  ];
}

function eventLines(event: HandsetEvent): string[] {
  switch (event.kind) {
    case 'message':
      return [`${event.from}: ${event.text}`];
    case 'message-waiting':
      return [`A message of ${event.from} waits (${event.messageId}).`];
    case 'delivery-report':
      return [
        event.code === 200 ? `${event.to} has your message.` : `${event.to}: ${reason(event.code, event.description)}`,
      ];
    case 'presence':
      return event.presences.map(({ userId, attributes }) => `${userId} is ${presenceWords(attributes)}.`);
    case 'system-message':
      return event.messages.flatMap(sessionMessageLines);
    case 'disconnected':
      return [`The session has ended: ${reason(event.code, event.description)}`];
    case 'other':
      return [`(${event.primitive.name})`];
  }
}

/** `on-line, AVAILABLE, "at lunch"`. */
export function presenceWords(attributes: Readonly<Record<string, string>>): string {
  const { OnlineStatus, UserAvailability, StatusText } = attributes;
  const words = [
    OnlineStatus === undefined ? undefined : OnlineStatus === 'T' ? 'on-line' : 'off-line',
    UserAvailability,
    StatusText === undefined ? undefined : `"${StatusText}"`,
  ].filter((word) => word !== undefined);
  return words.length === 0 ? 'not to be seen' : words.join(', ');
}
