/** What the admin API tells of operator messages, and of the messages of one user, as lines for people. */
import type { MessageFields } from '../audit/user-data.ts';
import type { MessageCounts } from '../desk/broadcast-counts.ts';
import type { BroadcastReport } from '../desk/broadcast-model.ts';
import { counted } from './counted.ts';

/** What the API answers of an operator message: the counts stand among the rest. */
export interface ToldMessage
  extends Omit<MessageCounts, 'made'>,
    Omit<BroadcastReport, 'to' | 'vasp' | 'since' | 'until' | 'counts'> {
  readonly to: { readonly user?: string; readonly users?: string; readonly everybody?: boolean };
  readonly vasp: string | null;
  readonly since: string;
  readonly until: string | null;
  readonly hint?: string;
  readonly kept?: boolean;
}

/** What the API answers of one user at one VASP. */
export interface ToldUser {
  readonly vasp: string;
  readonly help: string;
  readonly messages: readonly MessageFields[];
}

/** In one line, for a list. */
export function reportLine(told: ToldMessage): string {
  const { id, policy, version, state, since, matched, delivered, answered } = told;
  const far = state === 'running' ? `, ${walkedOf(told)}` : '';
  return `${id}  ${since}  ${policy} version ${version} to ${whom(told)}: ${state}${far}; ${matched} matched, ${delivered} delivered, ${answered} answered`;
}

/** While it is being sent. */
export const progressLine = (told: ToldMessage): string =>
  `${walkedOf(told)}; ${told.queued} queued, ${told.sent} sent, ${told.delivered} delivered, ${told.answered} answered`;

/** The whole report. */
export function reportLines(told: ToldMessage): readonly string[] {
  const { id, policy, version, vasp, state, since, until, perSecond, to, nameless, kept, hint } = told;
  const at = vasp === null ? '' : ` at ${vasp}`;
  const pace = to.user === undefined ? `, ${perSecond} users a second` : '';
  const chosen = Object.entries(told.options).map(([option, count]) => `${option} ${count}`);
  return [
    `${id}: ${policy} version ${version} to ${whom(told)}${at}${pace}`,
    `${state}${state === 'running' ? `, ${walkedOf(told)}` : ''}; begun ${since}${until === null ? '' : `, ended ${until}`}`,
    `matched    ${told.matched}${told.full === 0 ? '' : `, ${told.full} of them without room for another message`}`,
    `queued     ${told.queued}${inboxOf(told)}`,
    `sent       ${told.sent}`,
    `delivered  ${told.delivered}`,
    `answered   ${told.answered}${chosen.length === 0 ? '' : `: ${chosen.join(', ')}`}`,
    `expired    ${told.expired}`,
    `withdrawn  ${told.withdrawn}`,
    `open       ${told.open}`,
    ...(nameless === 0
      ? []
      : [`${counted(nameless, 'session')} opened before there were on-line policies could not be matched`]),
    ...(kept === false ? ['the store could not be written: until it can, a restart would undo this'] : []),
    ...(hint === undefined ? [] : [hint]),
  ];
}

export function userLines({ vasp, help, messages }: ToldUser): readonly string[] {
  return [
    `${vasp}: help messages are ${help}; ${messages.length === 0 ? 'no messages' : counted(messages.length, 'message')}`,
    ...messages.map((one) => {
      const { policy, version, broadcast, state, tries, option, way } = one;
      const proof = [
        one.sentAt === null ? 'not sent' : `sent ${one.sentAt}${tries > 1 ? `, ${tries} times` : ''}`,
        ...(one.deliveredAt === null ? [] : [`delivered ${one.deliveredAt}`]),
        ...(one.answeredAt === null
          ? []
          : [
              `answered ${one.answeredAt}${option === null ? '' : ` with ${option}`}${way === null ? '' : ` by ${way}`}`,
            ]),
      ];
      const end = one.endedAt === null ? `, until ${one.expiresAt}` : ` ${one.endedAt}`;
      const origin = broadcast === null ? '' : ` of ${broadcast}`;
      return `  ${policy} version ${version}${origin}: ${state}${end}; made ${one.createdAt}, ${proof.join(', ')}`;
    }),
  ];
}

function whom({ to }: ToldMessage): string {
  if (to.user !== undefined) return `the user ${to.user}`;
  return to.users === undefined ? 'everybody on-line' : `users on-line matching ${to.users}`;
}

const walkedOf = ({ walked, of }: ToldMessage): string => `${walked} of ${counted(of, 'session')} looked at`;

function inboxOf({ inbox, read }: ToldMessage): string {
  if (inbox + read === 0) return '';
  return `, ${inbox + read} of them for the inbox of users who want no help messages${read === 0 ? '' : ` (${read} read)`}`;
}
